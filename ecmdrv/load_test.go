package ecmdrv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"io-pkt/internal/nic"
	"io-pkt/usb"
	"io-pkt/usb/sim"
)

func TestSpec(t *testing.T) {
	d := newSim(t, sim.Config{
		MAC: simMAC, Manufacturer: "Maker\n\x1b[2J", Product: strings.Repeat("x", 100), SegmentSize: 1544,
	})
	r := newRig(t, "", d)
	got := r.host.port("ecm0").spec
	want := nic.Spec{
		Base: "ecm", Description: "Maker??[2J " + strings.Repeat("x", maxString),
		MAC: simMAC, PermanentMAC: simMAC, MTU: 1500, MaxMTU: 1530,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if len(r.host.log()) > 1 || r.host.logged("link up") != len(r.host.log()) {
		t.Errorf("a quiet driver logs %q", r.host.log())
	}
}

func TestMACOption(t *testing.T) {
	r := newRig(t, "mac=020000000099", echo(t))
	spec := r.host.port("ecm0").spec
	if got := spec.MAC.String(); got != "02:00:00:00:00:99" {
		t.Errorf("got %s", got)
	}
	if got := spec.PermanentMAC.String(); got != simMAC.String() {
		t.Errorf("permanent: got %s", got)
	}
}

func TestMACFallback(t *testing.T) {
	f := fixtures(t)["12-07b2-0900-motorola-surfboard-sbg900"]
	desc, err := usb.ParseDevice(f.device)
	if err != nil {
		t.Fatal(err)
	}
	d := newSim(t, sim.Config{Descriptors: &sim.Descriptors{Device: desc, Configs: f.configs, Strings: f.strings}})
	r := newRig(t, "pnp,verbose", d)
	p := r.host.port("ecm0")
	spec := p.spec
	if spec.MAC[0] != 2 || spec.PermanentMAC != nil {
		t.Errorf("got %v, permanent %v; want one that was made up, and none", spec.MAC, spec.PermanentMAC)
	}
	if r.host.logged("XXXXXXXXXXXX") != 1 {
		t.Errorf("the log does not say why: %q", r.host.log())
	}
	r.pull(d)
	r.plug(d)
	r.host.until("it is back", func() bool { q := r.host.port("ecm0"); return q != nil && q != p })
	if got, want := r.host.port("ecm0").spec.MAC.String(), spec.MAC.String(); got != want {
		t.Errorf("after a re-plug: got %s, want %s", got, want)
	}
}

func TestLoadErrors(t *testing.T) {
	for _, tt := range []struct {
		name, options string
		devices       int
		refuse        error
		want          syscall.Errno
		log           string
	}{
		{"bad option", "speed=100", 1, nil, syscall.EINVAL, `unknown option "speed"`},
		{"no device", "", 0, nil, syscall.ENODEV, "no CDC-ECM device"},
		{"another bus", "busnum=2", 1, nil, syscall.ENODEV, "on bus 2"},
		{"another number", "busnum=1,devnum=9", 1, nil, syscall.ENODEV, "on bus 1 with device number 9"},
		{"number in use", "", 1, syscall.EALREADY, syscall.EALREADY, "make an interface"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
			defer func() { _ = r.bus.Close() }()
			for range tt.devices {
				r.plug(echo(t))
			}
			r.host.refuse = tt.refuse
			m, err := driver(r.bus).Load(t.Context(), r.host, tt.options)
			if m != nil || !errors.Is(err, tt.want) {
				t.Fatalf("got %v, %v; want %v", m, err, tt.want)
			}
			if r.host.logged(tt.log) == 0 || !strings.HasPrefix(r.host.log()[0], "2 ") {
				t.Errorf("log %q does not say %q as an error", r.host.log(), tt.log)
			}
			if r.host.count() != 0 {
				t.Error("an interface was left")
			}
		})
	}
}

func TestWaitForStack(t *testing.T) {
	for _, tt := range []struct {
		name, options string
		appears       time.Duration
		failure       error
		want          syscall.Errno // 0: it is found, though empty
		after         time.Duration
	}{
		{"at once", "pnp", 0, fs.ErrNotExist, 0, 0},
		{"later", "pnp", 20 * time.Second, fs.ErrNotExist, 0, 20 * time.Second},
		{"socket without server", "pnp", time.Second, syscall.ECONNREFUSED, 0, time.Second},
		{"never", "pnp", time.Hour, fs.ErrNotExist, syscall.ENODEV, time.Minute},
		{"not soon enough", "pnp,wait=2", 3 * time.Second, fs.ErrNotExist, syscall.ENODEV, 2 * time.Second},
		{"no wait", "pnp,wait=0", time.Second, fs.ErrNotExist, syscall.ENODEV, 0},
		{"forbidden", "pnp", time.Second, usb.ErrAccess, syscall.EACCES, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := sim.NewBus(1)
				start := time.Now()
				d := &Driver{Open: func(_ context.Context, path string) (usb.Stack, error) {
					if time.Since(start) < tt.appears {
						return nil, fmt.Errorf("open %q: %w", path, tt.failure)
					}
					return bus, nil
				}}
				m, err := d.Load(t.Context(), newHost(t), tt.options)
				if tt.want == 0 && err != nil || tt.want != 0 && !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if got := time.Since(start); got < tt.after || got > tt.after+openRetry {
					t.Errorf("it took %v, want %v", got, tt.after)
				}
				if m != nil {
					_ = m.Close()
				}
			})
		})
	}
}

func TestLoadCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := &Driver{Open: func(context.Context, string) (usb.Stack, error) {
		cancel()
		return nil, fs.ErrNotExist
	}}
	if _, err := d.Load(ctx, newHost(t), ""); !errors.Is(err, context.Canceled) || !errors.Is(err, syscall.EINTR) {
		t.Errorf("got %v", err)
	}
}

func TestPickByNumber(t *testing.T) {
	r := newRig(t, "busnum=0x01,devnum=0x2", echo(t), echo(t), echo(t))
	if r.host.count() != 1 {
		t.Fatalf("%d interfaces, want 1", r.host.count())
	}
	if d := r.host.port("ecm0").dev.(*device); d.info.Address != 2 {
		t.Errorf("got %v", d.info)
	}
}

func TestSeveralDevices(t *testing.T) {
	other := newSim(t, sim.Config{MAC: otherMAC, Network: sim.NewMirror()})
	r := newRig(t, "", echo(t), other)
	for _, name := range []string{"ecm0", "ecm1"} {
		works(r.up(name))
	}
}

// One that fails to attach does not stop the others.
func TestOneFails(t *testing.T) {
	bad, good := echo(t), echo(t)
	if err := bad.SetFault(sim.StallControl, 1000); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, "", bad, good)
	works(r.up("ecm0"))
	if r.host.count() != 1 {
		t.Errorf("%d interfaces", r.host.count())
	}
}
