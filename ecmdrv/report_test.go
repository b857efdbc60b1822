package ecmdrv

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// With verbose the log has all that support asks for, and without it what
// matters to everybody.
func TestReport(t *testing.T) {
	d := echo(t)
	r := newRig(t, "verbose,transmit=96", d)
	p := r.up("ecm0")
	works(p)
	r.host.until("the rate is told", func() bool { return r.host.logged("bits/s in") == 1 })
	setFault(t, d, sim.Garble, 2)
	r.host.until("errors have happened", func() bool { p.send(pattern(100, 0)); return p.counter(rxErrors) == 2 })
	r.pull(d)
	r.host.until("it is gone", func() bool { return r.host.logged("device removed") == 1 })
	got := r.host.log()
	for i, line := range got {
		if before, after, ok := strings.Cut(line, "in all: "); ok {
			line = before + "in all: " + strings.Join(strings.Fields(after)[:2], " ")
		}
		if strings.Contains(line, "last error, ") {
			line = "5 ecm0: last error"
		}
		got[i] = line
	}
	want := []string{
		"5 devnp-ecm: bus 1 device 1 (1209:0001): configuration 1: interfaces 0 02/06/00 83, 1 0a/00/00, 1.1 0a/00/00 81+02",
		"5 ecm0: bus 1 device 1 (1209:0001), port 1-1, high speed: io-usb Simulated CDC-ECM adapter",
		"5 ecm0: configuration 1, control interface 0, data interface 1 setting 1, in 81, out 02 (512 bytes), notifications 83 (16 bytes), segment 1514",
		"5 ecm0: address 02:69:6f:70:6b:74, from the device",
		"5 ecm0: MTU 1500, at most 1500; 64 receive transfers of 2048 bytes, 96 transmit transfers",
		"5 ecm0: link up",
		"5 ecm0: speed 425984000 bits/s in, 425984000 bits/s out",
		"5 ecm0: endpoint 81: transmission error",
		"5 ecm0: in all: Frames Received",
		"5 ecm0: last error",
		"5 ecm0: device removed: bus 1 device 1 (1209:0001)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if r.host.logged("Receive Errors 2, ") != 1 {
		t.Errorf("no errors in %q", r.host.log())
	}
}

// When there is no device, the log says which ones there are, and what was wrong
// with those that came near.
func TestReportWhyNot(t *testing.T) {
	hostile := fixtures(t)["21-0770-1042-hostile-usbx-msrc81112-no-bulk-in"]
	desc, err := usb.ParseDevice(hostile.device)
	if err != nil {
		t.Fatal(err)
	}
	near := sim.Config{Descriptors: &sim.Descriptors{Device: desc, Configs: hostile.configs, Strings: hostile.strings}}
	for _, tt := range []struct {
		name, options string
		devices       []*sim.Device
		want          []string
	}{
		{"empty bus", "", nil, []string{"2 devnp-ecm: no CDC-ECM device, there is no device at all: no such device"}},
		{"near miss", "", []*sim.Device{newSim(t, near)}, []string{
			"5 devnp-ecm: bus 1 device 1 (0770:1042): configuration 1 interface 0: no data interface with a bulk IN and a bulk OUT endpoint",
			"2 devnp-ecm: no CDC-ECM device, there is bus 1 device 1 (0770:1042): no such device",
		}},
		{"another number", "busnum=1,devnum=0x9", []*sim.Device{echo(t), echo(t)}, []string{
			"2 devnp-ecm: no CDC-ECM device on bus 1 with device number 9, " +
				"there is bus 1 device 1 (1209:0001), bus 1 device 2 (1209:0001): no such device",
		}},
		{"another class", "", []*sim.Device{crafted(t, 0x1209, 2, config(iface(0, 0, 3, 1)))}, []string{
			"2 devnp-ecm: no CDC-ECM device, there is bus 1 device 1 (1209:0002): no such device",
		}},
		{"another class, verbose", "verbose", []*sim.Device{crafted(t, 0x1209, 2, config(iface(0, 0, 3, 1)))}, []string{
			"5 devnp-ecm: bus 1 device 1 (1209:0002): configuration 1: interfaces 0 03/01/00",
			"2 devnp-ecm: no CDC-ECM device, there is bus 1 device 1 (1209:0002): no such device",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host, bus := newHost(t), sim.NewBus(1)
			defer func() { _ = bus.Close() }()
			for _, d := range tt.devices {
				if err := bus.Plug(d); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := driver(lent{bus}).Load(t.Context(), host, tt.options); err == nil {
				t.Fatal("loaded")
			}
			if d := cmp.Diff(tt.want, host.log()); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// Whatever a device or a bus holds, a line of it is short.
func TestReportIsBounded(t *testing.T) {
	var parts [][]byte
	for n := range uint8(100) {
		parts = append(parts, iface(n, n, 2, 6))
		for e := range uint8(15) {
			parts = append(parts, endpoint(0x81+e, 2, 512))
		}
	}
	c, err := usb.ParseConfig(config(bytes.Join(parts, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if got := interfaceMap(c); len(got) > 700 || !strings.HasSuffix(got, " and 84 more settings") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
	if got := present(make([]usb.DeviceInfo, 500)); len(got) > 700 || !strings.HasSuffix(got, ", and 484 more") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}

// Errors that go on are told of now and then.
func TestFailingIsBounded(t *testing.T) {
	m, _ := newInstantMover(t, 100)
	d := m.loops[0].device
	d.module.options.verbose = 1
	start := time.Now()
	for n := range 1000 {
		d.failing(start.Add(time.Duration(n)*30*time.Millisecond), "error %d", n)
	}
	want := []string{"error 0", "error 334 (and 333 more errors in between)", "error 668 (and 333 more errors in between)"}
	got := d.module.host.(*testHost).log()
	for i := range got {
		_, got[i], _ = strings.Cut(got[i], ": ")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if got := fmt.Sprint(d.trouble.text, d.trouble.count); got != "error 999331" {
		t.Errorf("the last error is %q", got)
	}
}
