package ecmdrv

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// Of two devices with the same address the second one gets another, which stays
// the same when it is plugged in again, and works.
func TestSharedMAC(t *testing.T) {
	first, second := echo(t), echo(t)
	r := newRig(t, "pnp", first, second)
	works(r.up("ecm0"))
	p := r.up("ecm1")
	works(p)
	made := p.spec.MAC
	if bytes.Equal(made, simMAC) || made[0] != 2 || p.spec.PermanentMAC.String() != simMAC.String() {
		t.Errorf("ecm1 has %v, permanent %v", made, p.spec.PermanentMAC)
	}
	if r.host.logged(fmt.Sprintf("ecm1: has address %v, made up: the device's, %v, is another interface's", made, simMAC)) != 1 {
		t.Errorf("log %q", r.host.log())
	}
	if r.host.logged("has address") != 1 {
		t.Errorf("the first one is in the log, too: %q", r.host.log())
	}
	r.pull(second)
	r.host.until("ecm1 is gone", func() bool { return r.host.count() == 1 })
	r.plug(second)
	if q := r.up("ecm1"); !bytes.Equal(q.spec.MAC, made) {
		t.Errorf("after a re-plug: %v, want %v", q.spec.MAC, made)
	}
	// Alone, it has its own.
	r.pull(first)
	r.pull(second)
	r.host.until("both are gone", func() bool { return r.host.count() == 0 })
	r.plug(second)
	if q := r.up("ecm0"); !bytes.Equal(q.spec.MAC, simMAC) {
		t.Errorf("alone: %v, want %v", q.spec.MAC, simMAC)
	}
}

// Modules of one driver know of each other's addresses: launchers load one for
// each device.
func TestSharedMACOfModules(t *testing.T) {
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	r.plug(echo(t))
	r.plug(echo(t))
	d := driver(lent{r.bus})
	r.start(d, "busnum=1,devnum=1")
	m, err := d.Plus().Load(t.Context(), r.host, "busnum=1,devnum=2")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	if a, b := r.host.port("ecm0").spec.MAC, r.host.port("ecm1").spec.MAC; bytes.Equal(a, b) {
		t.Errorf("both have %v", a)
	}
}

// With mac= the user has the last word.
func TestSameMACOption(t *testing.T) {
	r := newRig(t, "mac=020000000099", echo(t), echo(t))
	for _, name := range []string{"ecm0", "ecm1"} {
		if got := r.host.port(name).spec.MAC.String(); got != "02:00:00:00:00:99" {
			t.Errorf("%s has %s", name, got)
		}
	}
	if r.host.logged("4 ecm1: another interface has address 02:00:00:00:00:99, too") != 1 && r.host.logged("too") != 1 {
		t.Errorf("log %q", r.host.log())
	}
}

// All of ZTE's modems have the same address, so that even a single one gets
// another; and they send to their own address what is for the host.
func TestZTE(t *testing.T) {
	d := crafted(t, 0x19d2, 0x1405, plain(iSimMAC))
	r := newRig(t, "verbose", d)
	p := r.up("ecm0")
	if bytes.Equal(p.spec.MAC, simMAC) || r.host.logged("the maker gives 02:69:6f:70:6b:74 to all devices") != 1 {
		t.Errorf("got %v, log %q", p.spec.MAC, r.host.log())
	}
	works(p)
	f := pattern(100, 1) // from simMAC, which is where the answer goes
	p.send(f)
	want := mirrored(f)
	copy(want, p.spec.MAC)
	if got := p.receive(make([]byte, 2048)); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	// What is for others is left alone.
	copy(f[6:], otherMAC)
	p.send(f)
	if got := p.receive(make([]byte, 2048)); !bytes.Equal(got, mirrored(f)) {
		t.Errorf("got  %x\nwant %x", got, mirrored(f))
	}
}

// A device sorts by its own address, so that it must not when the interface has
// another one.
func TestForeignMACIsPromiscuous(t *testing.T) {
	r := newRig(t, "mac=020000000099", echo(t))
	p := r.up("ecm0")
	works(p)
	want := []string{"request 21 43 value 000f index 0000"}
	if d := cmp.Diff(want, r.calls.with("request 21 43")); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// answering is a stack whose devices answer for a string as a test wants.
type answering struct {
	usb.Stack
	index  uint8
	answer func(b []byte) (int, error)
}

func (a answering) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	d, err := a.Stack.Open(ctx, info)
	return answeringDevice{d, a}, err
}

type answeringDevice struct {
	usb.Device
	a answering
}

func (d answeringDevice) Control(ctx context.Context, s usb.Setup, b []byte) (int, error) {
	if s.Request == usb.ReqGetDescriptor && s.Value == usb.DescString<<8|uint16(d.a.index) {
		return d.a.answer(b)
	}
	return d.Device.Control(ctx, s, b)
}

// A device without strings answers no request for a string, and notes how long one may take.
type noStrings struct {
	usb.Stack
	longest *time.Duration
}

func (m noStrings) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	d, err := m.Stack.Open(ctx, info)
	return noStringsDevice{d, m.longest}, err
}

type noStringsDevice struct {
	usb.Device
	longest *time.Duration
}

func (d noStringsDevice) Control(ctx context.Context, s usb.Setup, b []byte) (int, error) {
	if s.Request != usb.ReqGetDescriptor || s.Value>>8 != usb.DescString {
		return d.Device.Control(ctx, s, b)
	}
	if deadline, ok := ctx.Deadline(); ok {
		*d.longest = max(*d.longest, time.Until(deadline))
	}
	return 0, usb.ErrTimeout
}

// A device without strings is as good, and the first of them must not take all the time
// that there is for attaching.
func TestNoStrings(t *testing.T) {
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	r.plug(echo(t))
	var longest time.Duration
	r.load("", noStrings{lent{r.bus}, &longest})
	works(r.up("ecm0"))
	if longest <= 0 || longest > attachTime/2 {
		t.Errorf("a string may take %v of %v", longest, attachTime)
	}
}

// A device that does not tell its address, or tells nonsense, works with another
// one, and the log says why.
func TestBadMAC(t *testing.T) {
	utf16 := func(s string) []byte {
		b := []byte{byte(2 + 2*len(s)), usb.DescString}
		for _, c := range []byte(s) {
			b = append(b, c, 0)
		}
		return b
	}
	whole := utf16(hexMAC(simMAC))
	with := func(at int, v byte) []byte {
		b := bytes.Clone(whole)
		b[at] = v
		return b
	}
	for _, tt := range []struct {
		name   string
		answer []byte // nil: STALL
		why    string // "" when it is good
	}{
		{"good", whole, ""},
		{"lower case", utf16("02696f706b74"), ""},
		{"more bytes than it says", append(bytes.Clone(whole), 'x', 0), ""},
		{"stall", nil, "the device tells none"},
		{"nothing", []byte{}, "the device tells none"},
		{"two bytes", whole[:2], "the device tells none"},
		{"one digit short", whole[:24], "the device tells none"},
		{"length 0", with(0, 0), "the device tells none"},
		{"length 1", with(0, 1), "the device tells none"},
		{"length 2", with(0, 2), `the device's is bad: ""`},
		{"length 24", with(0, 24), "the device's is bad"},
		{"length 255", with(0, 255), "the device tells none"},
		{"another type", with(1, usb.DescDevice), "the device tells none"},
		{"no digits", utf16("GGGGGGGGGGGG"), "the device's is bad"},
		{"eleven digits", utf16("02696F706B7"), "the device's is bad"},
		{"thirteen digits", utf16("02696F706B740"), "the device's is bad"},
		{"zero", utf16("000000000000"), "the device's is bad"},
		{"a group's", utf16("01005E000001"), "the device's is bad"},
		{"everyone's", utf16("FFFFFFFFFFFF"), "the device's is bad"},
		{"escape sequences", utf16("\x1b[2J\x1b[2J\x1b[2J"), "the device's is bad"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
			r.plug(crafted(t, 0x1209, 1, plain(iSimMAC)))
			r.load("verbose", answering{lent{r.bus}, iSimMAC, func(b []byte) (int, error) {
				if tt.answer == nil {
					return 0, usb.ErrStall
				}
				return copy(b, tt.answer), nil
			}})
			p := r.up("ecm0")
			switch {
			case tt.why == "" && !bytes.Equal(p.spec.MAC, simMAC):
				t.Errorf("got %v, want %v", p.spec.MAC, simMAC)
			case tt.why != "" && (p.spec.PermanentMAC != nil || r.host.logged(", made up: "+tt.why) != 1):
				t.Errorf("got %v (permanent %v), log %q; want %q", p.spec.MAC, p.spec.PermanentMAC, r.host.log(), tt.why)
			}
			if r.host.logged("\x1b") != 0 {
				t.Errorf("the device's control characters are in the log: %q", r.host.log())
			}
			works(p)
		})
	}
}

func hexMAC(mac net.HardwareAddr) string { return fmt.Sprintf("%X", []byte(mac)) }
