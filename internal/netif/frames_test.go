package netif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
	"io-pkt/internal/nic"
	"io-pkt/internal/proctest"
)

// A sender puts frames on the interface from the kernel's side.
type sender struct{ fd, index int }

func newSender(t *testing.T, index int) sender {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: index, Protocol: htons(testType)})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return sender{fd, index}
}

// testType is the EtherType of our frames (IEEE 802: local experimental 1).
const testType = 0x88b5

func htons(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

func (s sender) send(t testing.TB, frame []byte) {
	t.Helper()
	if err := unix.Sendto(s.fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: s.index}); err != nil {
		t.Fatalf("sending %d bytes: %v", len(frame), err)
	}
}

// receive reads frames that the kernel got from the interface.
func (s sender) receive(t *testing.T) []byte {
	t.Helper()
	wait(t, s.fd)
	buf := make([]byte, 70000)
	n, _, err := unix.Recvfrom(s.fd, buf, 0)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

// frame makes a frame of that length whose content shows n.
func frame(length, n int, types ...uint16) []byte {
	f := bytes.Repeat([]byte{byte(n)}, length)
	copy(f, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x02")
	at := 12
	for _, t := range append(types, testType) {
		binary.BigEndian.PutUint16(f[at:], t)
		at += tagLen
	}
	return f
}

// quiet takes what the kernel itself sends out of the way: it does no ARP, no
// inet6 here, and nothing else comes with a group address.
func quiet(t testing.TB, c Config) *TAP {
	t.Helper()
	tap := open(t, c)
	if err := Sysctl("/proc/sys").SetIPv6(tap.Name(), tap.Index(), false); err != nil {
		t.Fatal(err)
	}
	up(t, tap)
	return tap
}

// fetch takes what there is, when there is something of ours.
func fetch(t *testing.T, tap *TAP, bufs [][]byte) (frames [][]byte) {
	t.Helper()
	fds, _ := tap.PollFDs()
	wait(t, fds...)
	lens := make([]int, len(bufs))
	n, err := tap.Fetch(nic.Everywhere, bufs, lens)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if binary.BigEndian.Uint16(bufs[i][12:]) != unix.ETH_P_IP { // an IGMP report
			frames = append(frames, bufs[i][:lens[i]])
		}
	}
	return frames
}

func buffers(n, length int) [][]byte {
	bufs := make([][]byte, n)
	for i := range bufs {
		bufs[i] = make([]byte, length)
	}
	return bufs
}

func TestFetch(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	from := newSender(t, tap.Index())
	bufs := buffers(4, 1518)
	if n, err := tap.Fetch(nic.Everywhere, bufs, make([]int, 4)); n > 1 || err != nil { // 1: IGMP
		t.Errorf("nothing sent: got %d, %v", n, err)
	}
	var want [][]byte
	for i, length := range []int{14, 60, 1514, 1000, 61, 62} {
		want = append(want, frame(length, i))
		from.send(t, want[i])
	}
	var got [][]byte
	for len(got) < len(want) {
		for _, f := range fetch(t, tap, bufs) { // more frames than buffers
			got = append(got, bytes.Clone(f))
		}
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("frame %d: got % x, want % x", i, got[i], want[i])
		}
	}
	if _, out := tap.Dropped(); out != 0 {
		t.Errorf("dropped: got %d, want 0", out)
	}
}

// The largest datagram has room, and who sends too much is told.
func TestFullQueue(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	from := newSender(t, tap.Index())
	most := queueLen
	if tap.gate != nil {
		most = gatedLen
	}
	sent := 0
	var err error
	for ; err == nil && sent < 2*most; sent++ {
		err = unix.Sendto(from.fd, frame(1514, sent), 0, &unix.SockaddrLinklayer{Ifindex: tap.Index()})
	}
	if sent--; err != unix.ENOBUFS || sent < 45 || sent > most {
		t.Fatalf("after %d frames: %v, want %v", sent, err, unix.ENOBUFS)
	}
	if got := len(fetch(t, tap, buffers(2*most, 1518))); got != sent {
		t.Errorf("%d frames fetched, want the %d that were sent", got, sent)
	}
	from.send(t, frame(60, 1))
	if got := len(fetch(t, tap, buffers(2, 1518))); got != 1 {
		t.Errorf("%d frames fetched after that, want 1", got)
	}
}

// Somebody raises the MTU over what the hardware carries.
func TestFetchTooLong(t *testing.T) {
	for _, room := range []int{1518, 1519, 1536, 9100} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			tap := quiet(t, Config{Name: "ecm0"})
			from := newSender(t, tap.Index())
			ip(t, "link set ecm0 mtu 9000")
			tagged := uint16(unix.ETH_P_8021Q)
			for _, f := range [][]byte{
				frame(1515, 0), frame(1518, 1), frame(9014, 2), frame(1519, 3, tagged), frame(9014, 4, tagged),
				frame(1514, 5), frame(1518, 6, tagged), // these are good
			} {
				from.send(t, f)
			}
			var got [][]byte
			for len(got) < 2 {
				for _, f := range fetch(t, tap, buffers(8, room)) {
					got = append(got, bytes.Clone(f))
				}
			}
			if !bytes.Equal(got[0], frame(1514, 5)) || !bytes.Equal(got[1], frame(1518, 6, tagged)) {
				t.Errorf("got frames of %d and %d bytes, want 1514 and 1518", len(got[0]), len(got[1]))
			}
			if _, out := tap.Dropped(); out != 5 {
				t.Errorf("dropped: got %d, want 5", out)
			}
		})
	}
}

func TestFetchNoRoom(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	for _, bufs := range [][][]byte{{nil}, {make([]byte, 13)}} {
		if _, err := tap.Fetch(nic.Everywhere, bufs, []int{0}); !errors.Is(err, unix.EINVAL) {
			t.Errorf("buffer of %d bytes: got %v, want EINVAL", len(bufs[0]), err)
		}
	}
	newSender(t, tap.Index()).send(t, frame(200, 1))
	if got := fetch(t, tap, buffers(4, 100)); len(got) != 0 {
		t.Errorf("a frame of 200 bytes in a buffer of 100: got %d bytes of it, want it dropped", len(got[0]))
	}
	if n, err := tap.Fetch(nic.Everywhere, nil, nil); n != 0 || err != nil {
		t.Errorf("no buffers: got %d, %v, want 0, nil", n, err)
	}
}

func TestDeliver(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	to := newSender(t, tap.Index())
	want := [][]byte{frame(60, 1), frame(1514, 2), frame(14, 3)}
	if err := tap.Deliver(append([][]byte{nil, make([]byte, 13)}, want...)); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got := to.receive(t); !bytes.Equal(got, want[i]) {
			t.Errorf("frame %d: got % x, want % x", i, got, want[i])
		}
	}
	if in, _ := tap.Dropped(); in != 2 {
		t.Errorf("runts dropped: got %d, want 2", in)
	}
}

// While the interface is down frames are lost, and nothing else happens.
func TestDown(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	if err := SetFlags(tap.Index(), 0, ctl.FlagUp); err != nil {
		t.Fatal(err)
	}
	if err := tap.Deliver([][]byte{frame(60, 1)}); err != nil {
		t.Errorf("Deliver: %v", err)
	}
	bufs, lens := buffers(64, 1518), make([]int, 64)
	for n := -1; n != 0; { // what was queued before
		var err error
		if n, err = tap.Fetch(nic.Everywhere, bufs, lens); err != nil {
			t.Fatalf("Fetch: %v", err)
		}
	}
	fds, _ := tap.PollFDs()
	if got := poll(t, 0, fds...); got != 0 {
		t.Errorf("poll: got %#x, want nothing", got)
	}
	state, err := Read(tap.Index())
	if in, _ := tap.Dropped(); err != nil || state.Stats.InDrops+in != 1 {
		t.Errorf("got %d drops, %v, want 1", state.Stats.InDrops+in, err)
	}
}

// What the kernel refuses of frames that were joined counts as it was on the wire.
func TestDownJoined(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	if tap.noUSO.Load() {
		t.Skip("a kernel before 6.2, which cuts datagrams by itself")
	}
	if _, err := segmented(t, 1000).Write(make([]byte, 40000)); err != nil {
		t.Fatal(err)
	}
	var frames [][]byte
	bufs, lens := buffers(64, 1518), make([]int, 64)
	n, err := tap.Fetch(nic.Everywhere, bufs, lens)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range bufs[:n] {
		if lens[i] == 1042 {
			frames = append(frames, b[:lens[i]])
		}
	}
	if err := SetFlags(tap.Index(), 0, ctl.FlagUp); err != nil {
		t.Fatal(err)
	}
	if err := tap.Deliver(frames); err != nil {
		t.Fatal(err)
	}
	state, err := Read(tap.Index())
	if err != nil {
		t.Fatal(err)
	}
	kernel := state.Stats.InDrops
	if in, _ := tap.Dropped(); len(frames) != 40 || in+kernel != 40 || kernel > 2 {
		t.Errorf("%d frames: %d drops, %d of them the kernel's, want 40, of which the kernel has few", len(frames), in+kernel, kernel)
	}
}

// Somebody removes the interface: the driver is told, and does not spin.
func TestRemoved(t *testing.T) {
	for _, deliver := range []bool{false, true} {
		before := proctest.Descriptors(t)
		tap := quiet(t, Config{Name: "ecm0"})
		ip(t, "link del ecm0")
		fds, _ := tap.PollFDs()
		if got := wait(t, fds...); got&unix.POLLERR == 0 {
			t.Errorf("poll: got %#x, want POLLERR", got)
		}
		for range 3 {
			var err error
			if deliver {
				err = tap.Deliver([][]byte{frame(60, 1)})
			} else {
				_, err = tap.Fetch(nic.Everywhere, buffers(1, 1518), []int{0})
			}
			if !errors.Is(err, syscall.EBADFD) {
				t.Errorf("got %v, want EBADFD", err)
			}
		}
		if got := poll(t, 0, fds...); got != 0 {
			t.Errorf("poll afterwards: got %#x, want nothing", got)
		}
		if _, err := Read(tap.Index()); !errors.Is(err, syscall.ENODEV) {
			t.Errorf("Read: got %v, want ENODEV", err)
		}
		if err := tap.Close(); err != nil {
			t.Error(err)
		}
		if got := proctest.Descriptors(t); got != before {
			t.Errorf("descriptors: got %d, want %d", got, before)
		}
	}
}

func TestAfterClose(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	if err := tap.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := tap.Fetch(nic.Everywhere, buffers(1, 1518), []int{0}); err == nil {
		t.Error("Fetch: got nil, want an error")
	}
	if err := tap.Deliver([][]byte{frame(60, 1)}); err == nil {
		t.Error("Deliver: got nil, want an error")
	}
}

func TestFramesDoNotAllocate(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	from := newSender(t, tap.Index())
	out, bufs, lens := frame(1514, 1), buffers(4, 1518), make([]int, 4)
	to := &unix.SockaddrLinklayer{Ifindex: from.index}
	allocs := testing.AllocsPerRun(100, func() {
		_ = unix.Sendto(from.fd, out, 0, to)
		if _, err := tap.Fetch(nic.Everywhere, bufs, lens); err != nil {
			t.Error(err)
		}
		if err := tap.Deliver(bufs[:1]); err != nil {
			t.Error(err)
		}
	})
	if allocs != 0 {
		t.Errorf("got %v allocations a round, want 0", allocs)
	}
}
