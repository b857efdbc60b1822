package netif

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif/netiftest"
	"io-pkt/internal/nic"
)

// A wire carries frames between two TAPs, as a driver and its device would.
type wire struct {
	near, far *TAP
	far4      net.Listener // in the far one's network namespace, for TCP over inet
	far6      net.Listener
	farUDP    *net.UDPConn
	errors    func() string // the far kernel's count of wrong checksums
	stop      func()        // moves no more frames
	out, in   moved         // once it has stopped
}

// moved counts frames.
type moved struct{ packets, bytes uint64 }

const (
	near4, far4 = "10.77.0.1", "10.77.0.2"
	near6, far6 = "fd77::1", "fd77::2"
)

// newWire makes the far TAP in a namespace of its own, so that the kernel sends
// what it sends to itself over the wire.
func newWire(t *testing.T) *wire {
	netiftest.Need(t)
	w := &wire{near: openWith(t, "ecm0", near4, near6)}
	work := make(chan func())
	t.Cleanup(func() { close(work) })
	go func() { // ends with the test
		runtime.LockOSThread() // and never unlocked: the thread ends, too
		for f := range work {
			f()
		}
	}()
	run := func(f func()) {
		done := make(chan struct{})
		work <- func() { defer close(done); f() }
		<-done
	}
	var err error
	run(func() {
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return
		}
		w.far = openWith(t, "ecm1", far4, far6)
		if w.far4, err = net.Listen("tcp4", far4+":7777"); err != nil {
			return
		}
		if w.far6, err = net.Listen("tcp6", "["+far6+"]:7777"); err != nil {
			return
		}
		w.farUDP, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(far4), Port: 7777})
	})
	if err != nil {
		t.Fatal(err)
	}
	w.errors = func() (words string) {
		run(func() { words = checksumErrors(t) })
		return words
	}
	for _, l := range []net.Listener{w.far4, w.far6} {
		go echo(l) // ends when the listener is closed
	}
	t.Cleanup(func() { _, _, _ = w.far4.Close(), w.far6.Close(), w.farUDP.Close() })
	w.start(t)
	return w
}

// openWith makes a TAP with addresses, up.
func openWith(t *testing.T, name, addr4, addr6 string) *TAP {
	t.Helper()
	tap := open(t, Config{Name: name})
	up(t, tap)
	add(t, tap, addr4+"/24")
	ip(t, "addr add "+addr6+"/64 dev "+name+" nodad")
	return tap
}

func checksumErrors(t *testing.T) string {
	b, err := os.ReadFile("/proc/thread-self/net/snmp")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	lines := strings.Split(string(b), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
		for j, name := range names {
			if name == "InCsumErrors" || name == "InHdrErrors" || name == "InErrs" {
				found = append(found, names[0]+name+"="+values[j])
			}
		}
	}
	return strings.Join(found, " ")
}

func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() { // ends with the connection
			defer c.Close()
			_, _ = io.Copy(c, c)
		}()
	}
}

// start moves frames until stop, or until the test ends.
func (w *wire) start(t *testing.T) {
	stop := make(chan struct{})
	done := make(chan struct{})
	w.stop = sync.OnceFunc(func() { close(stop); <-done })
	t.Cleanup(w.stop)
	go func() { // ends when stop is closed
		defer close(done)
		bufs, lens := buffers(64, 1518), make([]int, 64)
		for {
			select {
			case <-stop:
				return
			default:
			}
			var fds []unix.PollFd
			for _, l := range slices.Concat(w.near.lanes, w.far.lanes) {
				fds = append(fds, unix.PollFd{Fd: int32(l.fd), Events: unix.POLLIN})
			}
			_, _ = unix.Poll(fds, 20)
			for _, way := range []struct {
				from, to *TAP
				moved    *moved
			}{{w.near, w.far, &w.out}, {w.far, w.near, &w.in}} {
				n, err := way.from.Fetch(nic.Everywhere, bufs, lens)
				frames := make([][]byte, n)
				for i := range frames {
					frames[i] = bufs[i][:lens[i]]
					way.moved.packets++
					way.moved.bytes += uint64(lens[i])
				}
				if err == nil {
					err = way.to.Deliver(frames)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
}

// transfer sends bytes to the far end and wants them back.
func transfer(t *testing.T, address string, size int) {
	t.Helper()
	c, err := net.DialTimeout("tcp", net.JoinHostPort(address, "7777"), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	go func() { // ends with the transfer or its deadline
		_, _ = c.Write(data)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	h := sha256.New()
	n, err := io.Copy(h, c)
	if err != nil || int(n) != size || !bytes.Equal(h.Sum(nil), sum256(data)) {
		t.Fatalf("got %d bytes, %v, want %d that are those sent", n, err, size)
	}
}

func sum256(b []byte) []byte { s := sha256.Sum256(b); return s[:] }

// datagrams sends one large piece that the kernel, or we, cut into datagrams.
func datagrams(t *testing.T, w *wire) {
	t.Helper()
	c, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.ParseIP(far4), Port: 7777})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const size, count = 1001, 20
	setSegment(t, c, size)
	data := make([]byte, size*count-100)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	// The queue must have room for all of them. TCP's last acknowledgments may be in it.
	limit := time.Now().Add(20 * time.Second)
	for fds, _ := w.near.PollFDs(); poll(t, 0, fds...) != 0; runtime.Gosched() {
		if time.Now().After(limit) {
			t.Fatal("nobody empties the queue")
		}
	}
	if _, err := c.Write(data); err != nil {
		t.Fatal(err)
	}
	_ = w.farUDP.SetReadDeadline(time.Now().Add(20 * time.Second))
	var got []byte
	buf := make([]byte, 2000)
	for range count {
		n, err := w.farUDP.Read(buf)
		if err != nil || n > size {
			t.Fatalf("got a datagram of %d bytes, %v", n, err)
		}
		got = append(got, buf[:n]...)
	}
	if !bytes.Equal(got, data) {
		t.Errorf("got other datagrams than those sent")
	}
}

// TestCapabilities: with every bit alone, without every bit, with some at random
// and with all, what is sent arrives, and no kernel finds a checksum wrong.
func TestCapabilities(t *testing.T) {
	w := newWire(t)
	whole := w.near.Supported()
	if got := w.near.Enabled(); got != whole {
		t.Errorf("enabled at first: got %+v, want %+v", got, whole)
	}
	sets := []Capabilities{whole, {}}
	for bit := uint32(1); bit <= ctl.CapTSO6; bit <<= 1 {
		one := Capabilities{Rx: whole.Rx & bit, Tx: whole.Tx & bit}
		sets = append(sets, one, whole.without(one))
	}
	for range 5 {
		sets = append(sets, Capabilities{Rx: whole.Rx & rand.Uint32(), Tx: whole.Tx & rand.Uint32()})
	}
	before := w.errors() + checksumErrors(t)
	for i, c := range sets {
		t.Run(fmt.Sprintf("rx=%x tx=%x", c.Rx, c.Tx), func(t *testing.T) {
			for _, tap := range []*TAP{w.near, w.far} {
				if err := tap.SetEnabled(c); err != nil || tap.Enabled() != c {
					t.Fatalf("SetEnabled: %v, enabled %+v", err, tap.Enabled())
				}
			}
			if i%2 == 0 { // what one does must not need the other to do it
				_ = w.far.SetEnabled(sets[len(sets)-1-i])
			}
			transfer(t, far4, 1<<20)
			transfer(t, far6, 1<<20)
			datagrams(t, w)
		})
	}
	if after := w.errors() + checksumErrors(t); after != before {
		t.Errorf("errors that the kernels have found: got %s, want %s", after, before)
	}
	for _, tap := range []*TAP{w.near, w.far} {
		if in, out := tap.Dropped(); in+out != 0 {
			t.Errorf("%s: dropped %d, %d", tap.Name(), in, out)
		}
	}
}

// With them on, the kernel sees far fewer frames than the wire.
func TestCapabilitiesDoSomething(t *testing.T) {
	w := newWire(t)
	packets := func() uint64 {
		state, err := Read(w.near.Index())
		if err != nil {
			t.Fatal(err)
		}
		return state.Stats.InPackets + state.Stats.OutPackets
	}
	for _, address := range []string{far4, far6} {
		var n [2]uint64
		for i, c := range []Capabilities{{}, w.near.Supported()} {
			if err := w.near.SetEnabled(c); err != nil {
				t.Fatal(err)
			}
			before := packets()
			transfer(t, address, 4<<20)
			n[i] = packets() - before
		}
		if n[1] > n[0]*2/3 {
			t.Errorf("%s: %d frames with capabilities, %d without, want far fewer", address, n[1], n[0])
		}
	}
}

// Switching while frames flow loses nothing that TCP does not mend.
func TestCapabilitiesWhileRunning(t *testing.T) {
	w := newWire(t)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { // ends when stop is closed
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				c := w.near.Supported()
				_ = w.near.SetEnabled(Capabilities{Rx: c.Rx & rand.Uint32(), Tx: c.Tx & rand.Uint32()})
			}
		}
	}()
	transfer(t, far4, 8<<20)
	transfer(t, far6, 8<<20)
	close(stop)
	<-done
	if err := w.near.SetEnabled(Capabilities{Rx: 1 << 31}); err == nil {
		t.Error("a capability that is not supported: got nil, want an error")
	}
}
