package ecmdrv

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/serial"
	"io-pkt/usb/sim"
	"io-pkt/usb/sim/modem"
)

// A line is a simulated device with a loaded driver, and a user at its terminal.
type line struct {
	*rig
	dev  *sim.Device
	path string
	user *os.File
	read []byte // and not expected yet
}

// newLine makes one; the device has a modem unless it is told otherwise.
func newLine(t *testing.T, options string, c sim.Config) *line {
	t.Helper()
	if c.MaxCommand >= 0 {
		c.Modem = modem.New(modem.Config{})
	}
	dir := t.TempDir()
	l := &line{dev: newSim(t, c), path: filepath.Join(dir, "serecm0")}
	l.rig = &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	l.plug(l.dev)
	d := driver(&watched{lent{l.bus}, l.calls.add})
	d.Serial = func(name string) (Terminal, error) {
		term, err := serial.Open(filepath.Join(dir, "ser"+name))
		if err != nil {
			return nil, err
		}
		return term, nil
	}
	l.start(d, options)
	l.open()
	return l
}

func (l *line) open() {
	l.t.Helper()
	f, err := os.OpenFile(l.path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = f.Close() })
	l.user = f
}

func (l *line) typeIn(s string) {
	l.t.Helper()
	_ = l.user.SetWriteDeadline(time.Now().Add(patience))
	if _, err := l.user.WriteString(s); err != nil {
		l.t.Fatalf("type %.40q: %v", s, err)
	}
}

// until reads until done says so, and gives what was read.
func (l *line) until(done func(read []byte) bool) string {
	l.t.Helper()
	buf := make([]byte, 4096)
	_ = l.user.SetReadDeadline(time.Now().Add(patience))
	for !done(l.read) {
		n, err := l.user.Read(buf)
		if err != nil {
			l.t.Fatalf("read: %v; so far %d bytes, %.300q; log:\n%s", err, len(l.read), l.read, strings.Join(l.host.log(), "\n"))
		}
		l.read = append(l.read, buf[:n]...)
	}
	s := string(l.read)
	l.read = nil
	return s
}

// ask types a command and waits for exactly this response.
func (l *line) ask(command, want string) {
	l.t.Helper()
	l.typeIn(command)
	if got := l.until(func(read []byte) bool { return len(read) >= len(want) }); got != want {
		l.t.Fatalf("%.40q: %q, want %q", command, got, want)
	}
}

const answerOK = "\r\nOK\r\n"

// quiet turns off the echo.
func (l *line) quiet() {
	l.t.Helper()
	l.ask("ATE0\r", "ATE0\r"+answerOK)
}

func (l *line) fault(f sim.Fault, count int) {
	l.t.Helper()
	if err := l.dev.SetFault(f, count); err != nil {
		l.t.Fatal(err)
	}
}

func (l *line) counted(c counter, want uint64) {
	l.t.Helper()
	l.host.until(fmt.Sprintf("%q is %d", counterNames[c], want), func() bool { return l.port().counter(c) == want })
}

func TestSerial(t *testing.T) {
	l := newLine(t, "", sim.Config{})
	l.quiet()
	l.ask("AT+CSQ\r\n", "\r\n+CSQ: 20,99\r\n"+answerOK)
	l.ask("at+nosuch\n", "\r\nERROR\r\n")
	_ = l.user.Close()
	l.open()
	l.ask("AT+CGSN\r", "\r\n001017890123452\r\n"+answerOK)
	l.ask("AT\rAT+CSQ\r", answerOK+"\r\n+CSQ: 20,99\r\n"+answerOK)
	l.counted(atCommands, 6)
	l.counted(atRefused, 0)
}

// The modem's own commands open the link and close it.
func TestDial(t *testing.T) {
	l := newLine(t, "", sim.Config{})
	l.quiet()
	p := l.port()
	for _, family := range []struct{ open, close string }{
		{"AT^NDISDUP=1,1", "AT^NDISDUP=1,0"}, {"AT+CGACT=1,1", "AT+CGACT=0,1"},
		{"AT^SWWAN=1,1", "AT^SWWAN=0,1"}, {"AT+QNETDEVCTL=1,1,0", "AT+QNETDEVCTL=0,1,0"},
	} {
		if p.link.Load() {
			t.Fatal("there is a link before dialing")
		}
		l.typeIn(family.open + "\r")
		l.host.until(family.open+" opens the link", p.link.Load)
		l.typeIn(family.close + "\r")
		l.host.until(family.close+" closes the link", func() bool { return !p.link.Load() })
	}
}

// Lines that nobody asked for come whole, between responses and at any time.
func TestUnsolicited(t *testing.T) {
	l := newLine(t, "", sim.Config{})
	l.quiet()
	const rounds = 100
	var saying sync.WaitGroup
	defer saying.Wait()
	saying.Go(func() {
		for i := range rounds {
			_ = l.dev.Say(fmt.Sprintf("+URC: %03d", i))
		}
	})
	for range rounds {
		l.typeIn("AT\r")
	}
	got := l.until(func(read []byte) bool { return bytes.Count(read, []byte("\n")) >= 4*rounds })
	if n := strings.Count(got, answerOK); n != rounds {
		t.Errorf("%d responses, want %d", n, rounds)
	}
	for i := range rounds {
		if urc := fmt.Sprintf("\r\n+URC: %03d\r\n", i); strings.Count(got, urc) != 1 {
			t.Errorf("%q is not there once", urc)
		}
	}
}

// All at once, and whatever the buffer: nothing is lost.
func TestFlood(t *testing.T) {
	for _, size := range []int{1, 64, 2048, 65535} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			l := newLine(t, fmt.Sprintf("bufsz=%d", size), sim.Config{})
			const kib = 64
			l.fault(sim.Flood, kib)
			got := l.until(func(read []byte) bool { return len(read) >= kib*1024 })
			for i := range kib * 16 {
				if want := fmt.Sprintf("\r\n^FLOOD: %052d\r\n", i); got[64*i:64*(i+1)] != want {
					t.Fatalf("line %d is %q", i, got[64*i:64*(i+1)])
				}
			}
			l.counted(atDropped, 0)
			l.counted(atResponses, uint64(kib*1024/min(size, maxRequest))) // each as long as it can be
		})
	}
}

// The function is one of several: its own control interface is the one that is
// asked.
func TestSerialOfComposite(t *testing.T) {
	text, err := os.ReadFile("../usb/sim/testdata/descriptors/04-1546-1343-ublox-lara-l6.hex")
	if err != nil {
		t.Fatal(err)
	}
	desc, err := sim.ParseDescriptors(string(text))
	if err != nil {
		t.Fatal(err)
	}
	l := newLine(t, "", sim.Config{Descriptors: desc})
	l.quiet()
	for _, request := range []string{"request 21 00", "request a1 01"} {
		for _, c := range l.calls.with(request) {
			if want := request + " value 0000 index 0004"; c != want {
				t.Errorf("%s, want %s", c, want)
			}
		}
	}
}

// Commands as long as the buffer come through whole, longer ones not at all, and a
// user who types nothing is left alone.
func TestLongCommands(t *testing.T) {
	for _, size := range []int{1, 64, 2048, 65535} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			l := newLine(t, fmt.Sprintf("bufsz=%d", size), sim.Config{})
			sent, refused := uint64(0), uint64(0)
			if size > 5 {
				l.quiet()
				sent++
			}
			for _, length := range []int{0, size - 1, size, size + 1} {
				l.typeIn(commandOf(length))
				switch {
				case length > size:
					refused++
					l.ask("", "\r\nERROR\r\n")
				case length > 2:
					sent++
					l.ask("", answerOK)
				case length > 0: // an empty line; its echo
					sent++
					l.ask("", "\r")
				}
				l.counted(atCommands, sent)
				l.counted(atRefused, refused)
			}
		})
	}
}

// Who types much more than the modem can do has to wait, and nothing is lost.
func TestTypeAhead(t *testing.T) {
	l := newLine(t, "", sim.Config{})
	l.quiet()
	const count = 64 * 1024 / len("AT \r")
	var typing sync.WaitGroup
	defer typing.Wait()
	typing.Go(func() {
		_ = l.user.SetWriteDeadline(time.Now().Add(2 * patience))
		if _, err := l.user.WriteString(strings.Repeat("AT \r", count)); err != nil {
			t.Errorf("type: %v", err)
		}
	})
	if got := l.until(func(read []byte) bool { return len(read) >= count*len(answerOK) }); got != strings.Repeat(answerOK, count) {
		t.Errorf("the responses are not %d times OK", count)
	}
	l.counted(atCommands, uint64(count)+1)
}

// Nobody reads: the newest is kept, the log has one line, the interface works.
func TestNobodyReads(t *testing.T) {
	l := newLine(t, "", sim.Config{})
	_ = l.user.Close()
	for range 4 {
		l.fault(sim.Flood, 64)
		l.host.until("it is collected", func() bool { return l.port().counter(atResponses)%32 == 0 })
	}
	l.counted(atDropped, 3*64*1024)
	if got := l.host.logged("nobody reads"); got != 1 {
		t.Errorf("%d lines about it, want 1", got)
	}
	l.open()
	got := l.until(func(read []byte) bool { return len(read) >= serial.Backlog })
	if !strings.HasPrefix(got, "\r\n^FLOOD: "+strings.Repeat("0", 52)+"\r\n") {
		t.Errorf("it begins with %.64q", got)
	}
}

// A device that has no such channel: its user is told, the log once.
func TestNoChannel(t *testing.T) {
	l := newLine(t, "", sim.Config{MaxCommand: -1})
	l.up("ecm0")
	for range 3 {
		l.ask("AT\r", "\r\nERROR\r\n")
	}
	l.counted(atRefused, 3)
	if got := l.host.logged("AT command refused"); got != 1 {
		t.Errorf("%d lines in the log, want 1:\n%s", got, strings.Join(l.host.log(), "\n"))
	}
}

// Devices that do not keep to the book are understood all the same.
func TestOddDevices(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config sim.Config
		fault  sim.Fault
		count  int
	}{
		{"notifies without a response", sim.Config{}, sim.NotifyEmpty, 20},
		{"gives responses without notifying", sim.Config{}, sim.Unnotified, 1},
		{"has nothing to notify with", sim.Config{NotifyPacket: -1}, sim.Flood, 0},
		{"lets us wait for a response", sim.Config{}, sim.HoldEmpty, 1},
		{"takes 8 bytes of notifications", sim.Config{NotifyPacket: 8}, sim.NotifyEmpty, 1},
		{"takes 64 bytes of commands", sim.Config{MaxCommand: 64}, sim.Flood, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLine(t, "", tt.config)
			l.fault(tt.fault, tt.count)
			l.quiet()
			l.ask("AT\r", answerOK)
			l.ask("AT"+strings.Repeat(" ", 200)+"\r", answerOK)
			if err := l.dev.Say("RING"); err != nil {
				t.Fatal(err)
			}
			l.ask("", "\r\nRING\r\n")
			l.counted(atRefused, 0)
		})
	}
}

func TestStalls(t *testing.T) {
	l := newLine(t, "", sim.Config{})
	l.quiet()
	l.fault(sim.StallCommand, 2)
	l.ask("AT\r", "\r\nERROR\r\n")
	l.ask("AT\r", "\r\nERROR\r\n")
	l.ask("AT\r", answerOK)
}

// One that does not answer in time is given up for this command only.
func TestSilent(t *testing.T) {
	l := newLine(t, "", sim.Config{})
	l.quiet()
	l.fault(sim.Silence, 1)
	l.typeIn("AT\r")
	l.counted(atRefused, 1)
	l.fault(sim.Silence, 0)
	l.ask("", "\r\nERROR\r\n")
	l.ask("AT\r", answerOK)
}

// Pulled in the middle of it, the terminal goes with the interface; plugged in
// again, it comes back.
func TestPullSerial(t *testing.T) {
	l := newLine(t, "pnp", sim.Config{})
	for round := range 6 {
		l.quiet()
		if round%2 == 1 { // while a request for a response waits
			l.fault(sim.HoldEmpty, 1)
		}
		l.typeIn(strings.Repeat("AT+CSQ\r", 100))
		l.pull(l.dev)
		l.dev.ClearFaults()
		l.host.until("ecm0 has gone", func() bool { return l.host.count() == 0 })
		if _, err := os.Lstat(l.path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the terminal is left: %v", err)
		}
		_ = l.user.SetReadDeadline(time.Now().Add(patience))
		for {
			if _, err := l.user.Read(make([]byte, 4096)); err != nil {
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the user is not told")
				}
				break
			}
		}
		l.plug(l.dev)
		l.host.until("ecm0 is back", func() bool { return l.host.count() == 1 })
		l.read = nil
		l.open()
	}
}

// Without a terminal the interface works; the log says why.
func TestNoTerminal(t *testing.T) {
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	r.plug(newSim(t, sim.Config{}))
	d := driver(&watched{lent{r.bus}, r.calls.add})
	d.Serial = func(string) (Terminal, error) { return nil, fs.ErrPermission }
	r.start(d, "")
	r.up("ecm0")
	if r.host.logged("ecm0: no terminal for AT commands: permission denied") != 1 {
		t.Errorf("log %q", r.host.log())
	}
}
