package ecmdrv

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"io-pkt/internal/nic"
	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// A rig is a simulated bus with a loaded driver.
type rig struct {
	t      testing.TB
	host   *testHost
	bus    *sim.Bus
	module nic.Module
	calls  calls
	deaf   bool // the device does not answer any more, so that closing may fail
}

// calls are what the driver has asked of devices.
type calls struct {
	mu   sync.Mutex
	list []string
}

func (c *calls) add(call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, call)
}

// with lists the calls that hold some text.
func (c *calls) with(text string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, s := range c.list {
		if strings.Contains(s, text) {
			list = append(list, s)
		}
	}
	return list
}

// lent is a bus that outlives the driver's use of it.
type lent struct{ usb.Stack }

func (lent) Close() error { return nil }

// newRig plugs devices into a bus and loads the driver.
func newRig(t testing.TB, options string, devices ...*sim.Device) *rig {
	t.Helper()
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	for _, d := range devices {
		r.plug(d)
	}
	r.load(options, &watched{lent{r.bus}, r.calls.add})
	return r
}

// load loads the driver on a stack.
func (r *rig) load(options string, stack usb.Stack) {
	r.t.Helper()
	r.start(driver(stack), options)
}

// start loads a driver and sees to it that all is closed in the end.
func (r *rig) start(d nic.Driver, options string) {
	r.t.Helper()
	r.t.Cleanup(func() {
		if r.module != nil {
			r.closed("the module", r.module.Close())
		}
		for _, p := range r.host.all() {
			r.closed(p.name, r.host.destroy(p))
		}
		r.closed("the bus", r.bus.Close())
	})
	var err error
	if r.module, err = d.Load(r.t.Context(), r.host, options); err != nil {
		r.module = nil
		r.t.Fatalf("load %q: %v", options, err)
	}
}

func (r *rig) closed(what string, err error) {
	if err != nil && !r.deaf {
		r.t.Errorf("close %s: %v", what, err)
	}
}

func driver(stack usb.Stack) *Driver {
	return &Driver{Open: func(context.Context, string) (usb.Stack, error) { return stack, nil }}
}

func (r *rig) plug(d *sim.Device) {
	r.t.Helper()
	if err := r.bus.Plug(d); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) pull(d *sim.Device) {
	r.t.Helper()
	if err := r.bus.Pull(d); err != nil {
		r.t.Fatal(err)
	}
}

// port gives the only interface.
func (r *rig) port() *testPort {
	r.t.Helper()
	p := r.host.port("ecm0")
	if p == nil {
		r.t.Fatal("there is no ecm0")
	}
	return p
}

// up gives an interface that is up and has its link.
func (r *rig) up(name string) *testPort {
	r.t.Helper()
	r.host.until(name+" exists", func() bool { return r.host.port(name) != nil })
	p := r.host.port(name)
	p.dev.SetUp(true)
	r.host.until(name+" has a link", p.link.Load)
	return p
}

func newSim(t testing.TB, c sim.Config) *sim.Device {
	t.Helper()
	d, err := sim.NewDevice(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// watched is a stack that tells of each call to its devices, before it is made.
type watched struct {
	usb.Stack
	before func(call string)
}

// Devices leaves out what USB/IP does not tell of a device.
func (w *watched) Devices(ctx context.Context) ([]usb.DeviceInfo, error) {
	list, err := w.Stack.Devices(ctx)
	for i := range list {
		list[i] = bare(list[i])
	}
	return list, err
}

func (w *watched) Watch(ctx context.Context, f func(usb.Event)) error {
	return w.Stack.Watch(ctx, func(e usb.Event) {
		e.Device = bare(e.Device)
		f(e)
	})
}

func bare(info usb.DeviceInfo) usb.DeviceInfo {
	d := &info.Descriptor
	d.Manufacturer, d.Product, d.SerialNumber = 0, 0, 0
	return info
}

func (w *watched) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	w.before("open")
	list, err := w.Stack.Devices(ctx)
	if err != nil {
		return nil, err
	}
	for _, full := range list {
		if bare(full) == info {
			info = full
		}
	}
	d, err := w.Stack.Open(ctx, info)
	if err != nil {
		return nil, err
	}
	return &watchedDevice{d, w.before}, nil
}

type watchedDevice struct {
	usb.Device
	before func(call string)
}

func (d *watchedDevice) Control(ctx context.Context, s usb.Setup, b []byte) (int, error) {
	d.before(s.String())
	return d.Device.Control(ctx, s, b)
}

func (d *watchedDevice) SetConfiguration(ctx context.Context, v uint8) error {
	d.before(fmt.Sprint("configuration ", v))
	return d.Device.SetConfiguration(ctx, v)
}

func (d *watchedDevice) Claim(i uint8) error {
	d.before(fmt.Sprint("claim ", i))
	return d.Device.Claim(i)
}

func (d *watchedDevice) Release(i uint8) error {
	d.before(fmt.Sprint("release ", i))
	return d.Device.Release(i)
}

func (d *watchedDevice) SetInterface(ctx context.Context, i, alt uint8) error {
	d.before(fmt.Sprintf("interface %d setting %d", i, alt))
	return d.Device.SetInterface(ctx, i, alt)
}

func (d *watchedDevice) OpenQueue(i uint8) (usb.Queue, error) {
	d.before(fmt.Sprint("queue ", i))
	q, err := d.Device.OpenQueue(i)
	if err != nil {
		return nil, err
	}
	return watchedQueue{q, d.before}, nil
}

type watchedQueue struct {
	usb.Queue
	before func(call string)
}

func (q watchedQueue) ClearHalt(ctx context.Context, endpoint uint8) error {
	q.before(fmt.Sprintf("clear halt %02x", endpoint))
	return q.Queue.ClearHalt(ctx, endpoint)
}

// mute is a stack whose devices never send a notification.
type mute struct{ usb.Stack }

func (m mute) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	d, err := m.Stack.Open(ctx, info)
	if err != nil {
		return nil, err
	}
	return muteDevice{d}, nil
}

type muteDevice struct{ usb.Device }

func (d muteDevice) OpenQueue(i uint8) (usb.Queue, error) {
	q, err := d.Device.OpenQueue(i)
	if err != nil || i != 0 {
		return q, err
	}
	return muteQueue{q}, nil
}

type muteQueue struct{ usb.Queue }

func (muteQueue) Submit(...*usb.Transfer) error { return nil }
