package ecmdrv

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/nic"
	"io-pkt/usb"
	"io-pkt/usb/sim"
)

func setFault(t *testing.T, d *sim.Device, f sim.Fault, count int) {
	t.Helper()
	if err := d.SetFault(f, count); err != nil {
		t.Fatal(err)
	}
}

// passes sends frames until one comes back, for some may be lost.
func passes(p *testPort) {
	p.host.t.Helper()
	buf := make([]byte, 70000)
	for n := range 1000 {
		f := pattern(200, n)
		copy(f[6:], p.spec.MAC)
		p.send(f)
		if !p.waitFor(100) {
			continue
		}
		for p.waitFor(0) {
			if got := p.receive(buf); bytes.Equal(got, mirrored(f)) {
				return
			}
		}
	}
	p.host.t.Fatalf("%s: no frames pass any more; %v; log %q", p.name, p.dev.Status(), p.host.log())
}

// A halted endpoint is cleared, and the frames go on.
func TestStall(t *testing.T) {
	for _, tt := range []struct {
		fault   sim.Fault
		counter counter
	}{{sim.StallIn, rxStalls}, {sim.StallOut, txStalls}} {
		t.Run(tt.fault.String(), func(t *testing.T) {
			d := echo(t)
			r := newRig(t, "", d)
			p := r.up("ecm0")
			works(p)
			for range 5 {
				setFault(t, d, tt.fault, 1)
				passes(p)
			}
			if got := p.counter(tt.counter); got != 5 {
				t.Errorf("%d stalls counted, want 5", got)
			}
		})
	}
}

// Bursts of errors make the driver pause, not spin, and it comes back by itself.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fault   sim.Fault
		count   int
		counter counter
	}{
		{"one bad transfer", sim.Garble, 1, rxErrors},
		{"a burst", sim.Garble, 70, rxErrors},
		{"babble", sim.Overflow, 3, rxErrors},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := echo(t)
			r := newRig(t, "", d)
			p := r.up("ecm0")
			works(p)
			setFault(t, d, tt.fault, tt.count)
			r.host.until("all errors have happened", func() bool {
				p.send(pattern(100, 0))
				return p.counter(tt.counter) >= uint64(tt.count)
			})
			passes(p)
			if n := r.host.logged("keeps failing"); n > 1 {
				t.Errorf("%d lines about it", n)
			}
		})
	}
}

func TestRunts(t *testing.T) {
	d := echo(t)
	r := newRig(t, "", d)
	p := r.up("ecm0")
	setFault(t, d, sim.Runt, 28)
	r.host.until("the runts have come", func() bool { return p.counter(rxRunts) == 26 }) // two are empty
	works(p)
	if got := p.in.Load(); got != 26 {
		t.Errorf("%d frames counted as dropped, want 26", got)
	}
}

func TestEndless(t *testing.T) {
	d := echo(t)
	r := newRig(t, "", d)
	p := r.up("ecm0")
	works(p)
	setFault(t, d, sim.Endless, 1)
	r.host.until("it is noticed", func() bool { return p.counter(rxOverlong) > 0 })
	setFault(t, d, sim.Endless, 0)
	passes(p)
	if got := p.counter(rxOverlong); got != 1 {
		t.Errorf("%d over-long frames, want 1", got)
	}
}

// The link goes up and down a thousand times a second: the host hears of it once
// a second at most.
func TestStorm(t *testing.T) {
	t.Parallel()
	d := echo(t)
	r := newRig(t, "verbose", d)
	p := r.up("ecm0")
	setFault(t, d, sim.Storm, 1)
	start := time.Now()
	r.host.until("a hundred notifications", func() bool { return p.counter(notifications) > 110 })
	if d := time.Since(start); d < 100*listenGap {
		t.Errorf("a hundred notifications in %v: the endpoint is looked at too often", d)
	}
	if n := p.counter(linkChanges); n > 10 {
		t.Errorf("%d link changes", n)
	}
	setFault(t, d, sim.Storm, 0)
	d.SetLink(false)
	r.host.until("the link is down", func() bool { return !p.link.Load() })
	d.SetLink(true)
	works(r.up("ecm0"))
}

func TestLinkFollowsDevice(t *testing.T) {
	t.Parallel()
	d := echo(t)
	r := newRig(t, "verbose", d)
	p := r.up("ecm0")
	r.host.until("the rate is known", func() bool { return p.dev.Status().BitRateIn > 0 })
	if s := p.dev.Status(); !s.LinkUp || !s.LinkKnown || s.BitRateIn != s.BitRateOut {
		t.Errorf("got %+v", s)
	}
	d.SetLink(false)
	r.host.until("the link is down", func() bool { return !p.link.Load() && r.host.logged("ecm0: link down") == 1 })
	d.SetLink(true)
	r.host.until("the link is up", func() bool { return p.link.Load() && r.host.logged("ecm0: link up") == 2 })
}

// A device without notification endpoint is taken for connected at once, one
// that says nothing after a while.
func TestSilentLink(t *testing.T) {
	for _, tt := range []struct {
		name   string
		packet int
		mute   bool
	}{{"no endpoint", -1, false}, {"silence", 16, true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
			r.plug(newSim(t, sim.Config{MAC: simMAC, NotifyPacket: tt.packet, Network: sim.NewMirror()}))
			if tt.mute {
				r.load("", mute{lent{r.bus}})
			} else {
				r.load("", lent{r.bus})
			}
			p := r.up("ecm0")
			if s := p.dev.Status(); !s.LinkUp || s.LinkKnown {
				t.Errorf("got %+v", s)
			}
			r.host.until("the log says so", func() bool {
				return r.host.logged("ecm0: link up (the device does not say)") == 1
			})
			works(p)
		})
	}
}

// A device that takes no frames any more does not stop the driver, and the host
// learns that the frames are lost.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	d := echo(t)
	r := newRig(t, "transmit=8", d)
	p := r.up("ecm0")
	works(p)
	setFault(t, d, sim.Silence, 1)
	for n := range 20 {
		p.send(pattern(100, n))
	}
	r.host.until("the watchdog bites", func() bool { return p.counter(txWatchdog) > 0 && p.out.Load() >= 8 })
	if got := p.counter(txLost); got != p.out.Load() {
		t.Errorf("%d frames lost, but %d reported", got, p.out.Load())
	}
	if r.host.logged("ecm0: transmit timeout: 8 frames given up") != 1 || !p.link.Load() {
		t.Errorf("log %q, link %v", r.host.log(), p.link.Load())
	}
	setFault(t, d, sim.Silence, 0)
	passes(p)
}

// A device that answers nothing is given up in bounded time, also when it is
// being closed.
func TestCloseSilent(t *testing.T) {
	t.Parallel()
	d := echo(t)
	r := newRig(t, "", d)
	p := r.up("ecm0")
	r.deaf = true
	setFault(t, d, sim.Silence, 1)
	p.dev.SetReceiveMode(nic.ReceiveMode{Promiscuous: true})
	r.host.until("the request is made", func() bool { return len(r.calls.with("request 21 43")) == 2 })
	if err := r.module.Close(); err == nil {
		t.Error("close: want the time-out of setting 0")
	}
}

func TestWhileDown(t *testing.T) {
	d := echo(t)
	r := newRig(t, "", d)
	p := r.up("ecm0")
	works(p)
	p.dev.SetUp(false)
	p.send(pattern(100, 1))
	r.host.until("the answer is dropped", func() bool { return p.counter(rxWhileDown) == 1 })
	if p.waitFor(0) {
		t.Error("a frame was delivered while the interface was down")
	}
	p.dev.SetUp(true)
	works(p)
}

func TestPacketFilter(t *testing.T) {
	d := crafted(t, 0x1209, 1, plain(iSimMAC)) // has no statistics, whose request might be refused instead
	r := newRig(t, "verbose", d)
	p := r.up("ecm0")
	var want []string
	for _, tt := range []struct {
		mode nic.ReceiveMode
		want string
	}{
		{nic.ReceiveMode{}, "000c"},
		{nic.ReceiveMode{Multicast: true}, "000e"},
		{nic.ReceiveMode{Multicast: true, Promiscuous: true}, "000f"},
		{nic.ReceiveMode{AllMulticast: true}, "000e"},
		{nic.ReceiveMode{Promiscuous: true}, "000f"},
		{nic.ReceiveMode{}, "000c"},
	} {
		want = append(want, "request 21 43 value "+tt.want+" index 0000")
		p.dev.SetReceiveMode(tt.mode)
		r.host.until("filter "+tt.want, func() bool { return len(r.calls.with("request 21 43")) == len(want) })
		p.dev.SetReceiveMode(tt.mode) // no news
	}
	if d := cmp.Diff(want, r.calls.with("request 21 43")); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	setFault(t, d, sim.StallControl, 1)
	p.dev.SetReceiveMode(nic.ReceiveMode{Multicast: true})
	r.host.until("the refusal is logged", func() bool { return r.host.logged("packet filter 0e (own address, broadcast, all multicast): ") == 1 })
	works(p)
}

// The order in which a device is taken into service, and left.
func TestOrder(t *testing.T) {
	d := echo(t)
	r := newRig(t, "", d)
	if err := r.module.Close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range r.calls.with("") {
		if strings.HasPrefix(c, "request a1 44") {
			continue // a statistic, if there was time
		}
		if !strings.HasPrefix(c, "request 80 06") && (len(got) == 0 || c != got[len(got)-1]) {
			got = append(got, c)
		}
	}
	want := []string{
		"configuration 1", "claim 0", "claim 1", "interface 1 setting 0", "interface 1 setting 1",
		"queue 1", "queue 0", "request 21 43 value 000c index 0000", "interface 1 setting 0",
		"release 0", "release 1",
	}
	if len(got) < len(want) {
		t.Fatalf("got %q", got)
	}
	if d := cmp.Diff(want, got[len(got)-len(want):]); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// A halt is cleared only when nothing is in flight any more, on a bus that keeps
// what is queued behind a STALL; and again when that did not help.
func TestStallDrains(t *testing.T) {
	m, _ := newInstantMover(t, 100)
	l := m.loops[0]
	q := l.queue.(*instantQueue)
	round := func() {
		t.Helper()
		if err := m.round(); err != nil {
			t.Fatal(err)
		}
	}
	asked := func() bool {
		select {
		case p := <-l.device.control.halts:
			return p == &l.rx
		default:
			return false
		}
	}
	answer := func(err error) { l.device.control.cleared <- halt{&l.rx, err} }

	q.keep = 0x81
	round() // the first transfers come back and are submitted again, and kept
	q.kept[0].Err = usb.ErrStall
	q.ended, q.kept = append(q.ended, q.kept[0]), q.kept[1:]
	kept := len(q.kept)
	if kept != 63 {
		t.Fatalf("%d transfers are kept, want 63", kept)
	}
	round()
	if len(q.kept) != 0 || asked() {
		t.Fatalf("%d transfers are not canceled, or the halt is cleared too early", len(q.kept))
	}
	round()
	if !asked() {
		t.Fatal("the halt is not cleared")
	}
	round()
	if asked() || len(q.kept) != 0 {
		t.Fatal("asked twice, or submitted to a halted endpoint")
	}
	answer(usb.ErrTimeout)
	round()
	if asked() || l.rx.throttle.paused(time.Now()) == 0 {
		t.Fatal("no pause after a request that failed")
	}
	l.rx.throttle = throttle{}
	round()
	if !asked() {
		t.Fatal("not asked again")
	}
	answer(nil)
	round()
	if len(q.kept) != l.depth.size {
		t.Fatalf("%d transfers are submitted again, want %d", len(q.kept), l.depth.size)
	}
}
