package ecmdrv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/nic"
	"io-pkt/usb"
	"io-pkt/usb/sim"
)

func echo(t testing.TB) *sim.Device {
	return newSim(t, sim.Config{MAC: simMAC, Network: sim.NewMirror()})
}

var otherMAC = net.HardwareAddr{0x02, 0, 0, 0, 0, 7}

// works checks that frames pass, whatever the interface's address.
func works(p *testPort) {
	p.host.t.Helper()
	buf := make([]byte, 2048)
	f := pattern(100, 1)
	copy(f[6:], p.spec.MAC)
	p.send(f)
	if got := p.receive(buf); string(got) != string(mirrored(f)) {
		p.host.t.Errorf("%s: got %x, want %x", p.name, got, mirrored(f))
	}
}

func TestPull(t *testing.T) {
	d := echo(t)
	r := newRig(t, "", d)
	p := r.up("ecm0")
	works(p)
	if r.module.Resident() {
		t.Error("resident without pnp")
	}
	r.pull(d)
	r.host.until("ecm0 is gone", func() bool { return r.host.count() == 0 })
	if r.host.logged("ecm0: device removed: bus 1 device 1 (1209:0001)") != 1 {
		t.Errorf("log %q", r.host.log())
	}
	if err := p.dev.Close(); err != nil {
		t.Errorf("close behind it: %v", err)
	}
}

func TestIgnoreRemove(t *testing.T) {
	d := echo(t)
	r := newRig(t, "ign_remove", d)
	p := r.up("ecm0")
	works(p)
	r.pull(d)
	r.host.until("the link is gone", func() bool { return !p.link.Load() && r.host.logged("device removed") == 1 })
	p.send(pattern(100, 1)) // goes nowhere
	if r.host.port("ecm0") != p || p.dev.Status().LinkUp {
		t.Error("the interface did not stay, or has a link")
	}
	r.plug(d)
	for range 2 {
		if err := r.host.destroy(p); err != nil {
			t.Error(err)
		}
	}
}

func TestPlugAndPlay(t *testing.T) {
	r := newRig(t, "pnp")
	if !r.module.Resident() {
		t.Error("not resident with pnp")
	}
	a, b := echo(t), newSim(t, sim.Config{MAC: otherMAC, Network: sim.NewMirror()})
	for range 5 {
		r.plug(a)
		works(r.up("ecm0"))
		r.plug(b)
		works(r.up("ecm1"))
		r.pull(a)
		r.host.until("ecm0 is gone", func() bool { return r.host.port("ecm0") == nil })
		r.pull(b)
		r.host.until("ecm1 is gone", func() bool { return r.host.port("ecm1") == nil })
	}
}

// Pulled and plugged again between two looks, it is ecm0 again.
func TestReplugKeepsNumber(t *testing.T) {
	d := echo(t)
	r := newRig(t, "pnp", d)
	for i := range 20 {
		old := r.up("ecm0")
		r.pull(d)
		r.plug(d)
		r.host.until("a new ecm0", func() bool { p := r.host.port("ecm0"); return p != nil && p != old })
		if r.host.port("ecm1") != nil {
			t.Fatalf("turn %d: got ecm1", i)
		}
	}
	works(r.up("ecm0"))
}

func TestDestroy(t *testing.T) {
	d := echo(t)
	r := newRig(t, "pnp", d)
	p := r.up("ecm0")
	works(p)
	if err := r.host.destroy(p); err != nil {
		t.Error(err)
	}
	r.pull(d)
	r.plug(d)
	works(r.up("ecm0"))
}

// The device is left as it was found: nothing claimed, setting 0.
func TestGivesBack(t *testing.T) {
	d := echo(t)
	r := newRig(t, "", d)
	works(r.up("ecm0"))
	if err := r.module.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.module.Close(); err != nil {
		t.Fatalf("second time: %v", err)
	}
	list, err := r.bus.Devices(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	u, err := r.bus.Open(t.Context(), list[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = u.Close() }()
	for _, i := range []uint8{0, 1} {
		if err := u.Claim(i); err != nil {
			t.Error(err)
		}
	}
	alt := []byte{9}
	if _, err := u.Control(t.Context(), usb.Setup{RequestType: usb.DirIn | usb.RecipientInterface, Request: usb.ReqGetInterface, Index: 1}, alt); err != nil || alt[0] != 0 {
		t.Errorf("setting %d, %v; want 0", alt[0], err)
	}
}

// Everything that can end a device happens at once, in all orders, under load.
func TestHammer(t *testing.T) {
	for i := range 60 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			d := echo(t)
			if i%4 == 3 {
				if err := d.SetFault(sim.PullSelf, 1+i*3); err != nil {
					t.Fatal(err)
				}
			}
			options := []string{"", "pnp", "ign_remove", "pnp,ign_remove"}[i/4%4]
			r := newRig(t, "transmit=4,receive=4,"+options, d)
			var all sync.WaitGroup
			if p := r.host.port("ecm0"); p != nil {
				p.dev.SetUp(true)
				for n := range 20 {
					p.send(pattern(60+n, n))
				}
				all.Go(func() { p.dev.SetReceiveMode(nic.ReceiveMode{Promiscuous: true}) })
				if i%3 == 0 {
					all.Go(func() { _ = r.host.destroy(p) })
				}
			}
			if i%2 == 0 {
				all.Go(func() { _ = r.bus.Pull(d) })
			}
			if i%5 == 0 {
				all.Go(func() { _ = r.module.Close() })
			}
			all.Wait()
		})
	}
}

// Pulled at each step of attaching: nothing is left, and nothing hangs.
func TestPullWhileAttaching(t *testing.T) {
	for n := range 40 {
		d := echo(t)
		bus := sim.NewBus(1)
		if err := bus.Plug(d); err != nil {
			t.Fatal(err)
		}
		var calls atomic.Int64
		s := &watched{Stack: bus, before: func(string) {
			if calls.Add(1) == int64(n+1) {
				_ = bus.Pull(d)
			}
		}}
		host := newHost(t)
		m, err := driver(s).Load(t.Context(), host, "")
		reached := calls.Load() > int64(n)
		if err == nil {
			if reached {
				host.until("gone", func() bool { return host.count() == 0 })
			}
			if err := m.Close(); err != nil {
				t.Errorf("after %d calls: %v", n, err)
			}
		}
		for _, p := range host.all() {
			_ = host.destroy(p)
		}
		_ = bus.Close()
		if !reached {
			return
		}
	}
	t.Error("attaching takes more than 40 calls")
}

// With pnp a bus that is lost is opened again, and its devices are back.
func TestBusLost(t *testing.T) {
	first, second := sim.NewBus(1), sim.NewBus(1)
	for _, b := range []*sim.Bus{first, second} {
		if err := b.Plug(echo(t)); err != nil {
			t.Fatal(err)
		}
	}
	opened := 0
	d := &Driver{Open: func(context.Context, string) (usb.Stack, error) {
		opened++
		switch opened {
		case 1:
			return first, nil
		case 2:
			return nil, syscall.ECONNREFUSED
		case 3:
			return nil, io.EOF // from what stands between, while the server starts
		}
		return second, nil
	}}
	r := &rig{t: t, host: newHost(t), bus: second}
	r.start(d, "pnp")
	old := r.up("ecm0")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	r.host.until("a new ecm0", func() bool { p := r.host.port("ecm0"); return p != nil && p != old })
	works(r.up("ecm0"))
	if r.host.logged("USB stack lost") != 1 || r.host.logged("USB stack found again") != 1 {
		t.Errorf("log %q", r.host.log())
	}
}

// A fragile bus has devices that can be lost without leaving it.
type fragile struct {
	lent
	lose chan chan struct{} // the end of each device that was opened
}

func (f fragile) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	d, err := f.lent.Open(ctx, info)
	gone := make(chan struct{})
	if err == nil {
		f.lose <- gone
	}
	return lostDevice{d, gone}, err
}

type lostDevice struct {
	usb.Device
	gone chan struct{}
}

func (d lostDevice) Gone() <-chan struct{} { return d.gone }

// With pnp a device that is lost and still on the bus, as after a reset, is back; one that
// was pulled is not, nor one that the user destroyed.
func TestLostDevice(t *testing.T) {
	dev := echo(t)
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	r.plug(dev)
	bus := fragile{lent{r.bus}, make(chan chan struct{}, 10)}
	r.load("pnp", bus)
	for range 2 {
		old := r.up("ecm0")
		works(old)
		close(<-bus.lose)
		r.host.until("a new ecm0", func() bool { p := r.host.port("ecm0"); return p != nil && p != old })
	}
	if err := r.host.destroy(r.up("ecm0")); err != nil {
		t.Error(err)
	}
	<-bus.lose
	r.pull(dev)
	r.plug(dev)
	r.up("ecm0")
	r.pull(dev)
	close(<-bus.lose)
	r.host.until("ecm0 is gone", func() bool { return r.host.count() == 0 })
	r.plug(newSim(t, sim.Config{MAC: otherMAC, Network: sim.NewMirror()}))
	works(r.up("ecm0"))
	m := r.module.(*module)
	m.mu.Lock()
	if len(m.revivals) > 0 {
		t.Errorf("to be revived: %v", m.revivals)
	}
	m.mu.Unlock()
	close(<-bus.lose) // and what is to be revived when the module is closed
	r.host.until("the last ecm0 is gone", func() bool { return r.host.count() == 0 })
	if err := r.module.Close(); err != nil {
		t.Error(err)
	}
	if n := r.host.logged("device removed"); n != 4 || r.host.count() != 0 {
		t.Errorf("log %q", r.host.log())
	}
}

// A blind bus cannot be watched.
type blind struct{ lent }

func (blind) Watch(context.Context, func(usb.Event)) error { return errors.New("too many open files") }

// A bus that is lost as soon as it is found keeps nobody busy.
func TestBusLostAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := sim.NewBus(1)
		opened := 0
		d := &Driver{Open: func(context.Context, string) (usb.Stack, error) {
			opened++
			return blind{lent{bus}}, nil
		}}
		m, err := d.Load(t.Context(), newHost(t), "pnp")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if most, least := int(time.Hour/longestPause)+10, int(time.Hour/longestPause); opened < least || opened > most {
			t.Errorf("opened %d times in an hour, want %d to %d", opened, least, most)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

// The interface is removed behind the driver's back: it gives the device up.
func TestInterfaceLost(t *testing.T) {
	r := newRig(t, "ign_remove", echo(t))
	p := r.up("ecm0")
	if err := unix.Shutdown(p.outside, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	r.host.until("ecm0 is gone", func() bool { return r.host.count() == 0 })
	if r.host.logged("2 ecm0: bus 1 device 1 (1209:0001): end of file") != 1 {
		t.Errorf("log %q", r.host.log())
	}
}

// The host closes the device before the driver has its port.
func TestClosedWhileAttaching(t *testing.T) {
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	r.plug(echo(t))
	r.host.attached = func(dev nic.Device) { _ = dev.Close() }
	r.load("pnp", lent{r.bus})
	if r.host.count() != 0 {
		t.Error("the interface was left")
	}
}
