package ecmdrv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"io-pkt/internal/nic"
	"io-pkt/slog"
	"io-pkt/usb"
)

// errClosed is why a device ends that the host closed.
var errClosed = errors.New("closed by the host")

// A device is one function of a USB device in service: the nic.Device of an
// interface.
//
// Its fields are set while it is attached and not changed when it runs, but for
// those that say otherwise.
type device struct {
	module     *module
	info       usb.DeviceInfo
	descriptor usb.DeviceDescriptor
	function   function
	port       nic.Port

	description, macSource string
	mac, ownMAC            net.HardwareAddr // the interface's, and what the device tells or nil
	notice                 string           // for the log, or ""

	// What release gives back, and mac.
	usb     *shared
	claimed []uint8
	queue   usb.Queue // bulk
	notes   usb.Queue // notifications; nil without
	loop    *loop
	control *control

	terminal Terminal // nil for none

	up       atomic.Bool
	mode     atomic.Uint32 // filter bits
	counters counters

	running  sync.WaitGroup // control, which outlasts the loop
	over     chan struct{}  // closed when the supervisor has ended
	stopping atomic.Bool    // the loop and control are to end
	release  func() error   // gives the hardware back, once; a second caller waits

	mu         sync.Mutex
	reason     error              // why it ended, or is going to
	cancel     context.CancelFunc // what goes with stopping; nil before start
	status     nic.Status
	statistics []nic.Counter // the device's own
	trouble    trouble
}

func newDevice(m *module, hardware *shared, descriptor usb.DeviceDescriptor, f function) (*device, error) {
	d := &device{
		module: m, info: hardware.Info(), descriptor: descriptor, function: f, usb: hardware,
		over: make(chan struct{}),
	}
	d.release = sync.OnceValue(d.giveBack)
	var err error
	d.loop = newLoop(d)
	if d.control, err = newControl(d); err != nil {
		return nil, err
	}
	hardware.use()
	return d, nil
}

func (d *device) options() *options { return &d.module.options }

// log writes a line about the interface.
func (d *device) log(sev slog.Severity, format string, args ...any) {
	d.module.host.Log(sev, "%s: %s", d.port.Name(), fmt.Sprintf(format, args...))
}

// Named is nic.Device's: it makes the terminal for AT commands, which users may
// expect to be there when the interface is.
func (d *device) Named(name string) {
	if d.module.driver.Serial == nil {
		return
	}
	t, err := d.module.driver.Serial(name)
	if err != nil {
		d.module.host.Log(slog.Warning, "%s: no terminal for AT commands: %v", name, err)
		return
	}
	d.terminal = t
	d.control.at = newAT(d, t)
	d.control.poller.Add(t.PollFD())
}

// start makes the device run, unless it or the module was closed meanwhile.
func (d *device) start() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reason != nil || !d.module.add(d) {
		return errClosed
	}
	if err := d.module.driver.movers.add(d.loop); err != nil {
		d.module.forget(d)
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	d.running.Go(func() {
		d.control.run(ctx)
		<-d.loop.left
		d.summarize()
	})
	go d.module.supervise(ctx, d)
	return nil
}

// end makes the loop and the control goroutine end; the first reason counts.
func (d *device) end(why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reason != nil {
		return
	}
	d.reason = why
	if d.cancel == nil {
		return
	}
	d.stopping.Store(true)
	d.cancel()
	d.loop.mover.regroup()
	d.control.poller.Wake()
}

func (d *device) why() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reason
}

// Close is nic.Device's.
func (d *device) Close() error {
	d.end(errClosed)
	d.running.Wait()
	return d.release()
}

// giveBack undoes attaching, in reverse. Nothing may be running.
func (d *device) giveBack() error {
	for _, q := range []usb.Queue{d.queue, d.notes} {
		if q != nil {
			_ = q.Close()
		}
	}
	var err error
	if d.terminal != nil {
		err = d.terminal.Close()
	}
	err = cmp.Or(err, d.rest())
	for _, i := range d.claimed {
		err = cmp.Or(err, d.usb.Release(i))
	}
	err = cmp.Or(err, d.usb.drop())
	_ = d.control.poller.Close()
	if d.mac != nil {
		d.module.driver.addresses.give(d.mac)
	}
	if errors.Is(err, usb.ErrGone) {
		return nil
	}
	return err
}

// rest stops the function of a device that is still there (ECM 1.2, 3.3).
func (d *device) rest() error {
	if d.function.alternate == 0 || !slices.Contains(d.claimed, d.function.data) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTime)
	defer cancel()
	return d.usb.SetInterface(ctx, d.function.data, 0)
}

// requestTime bounds a request to a device that works.
const requestTime = 2 * time.Second

// SetUp is nic.Device's.
func (d *device) SetUp(up bool) { d.up.Store(up) }

// SetReceiveMode is nic.Device's.
func (d *device) SetReceiveMode(mode nic.ReceiveMode) {
	d.mode.Store(uint32(d.filter(mode)))
	d.control.poller.Wake()
}

func (d *device) setStatus(s nic.Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status = s
}

// Status is nic.Device's.
func (d *device) Status() nic.Status {
	counters := d.counters.list()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.status
	s.Counters = append(counters, d.statistics...)
	return s
}
