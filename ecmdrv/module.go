package ecmdrv

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"io-pkt/internal/nic"
	"io-pkt/slog"
	"io-pkt/usb"
)

// A module is the loaded driver.
//
//	load    -> attach for each device that is there
//	watch   -> attach for each that comes         (pnp only, one goroutine)
//	revive  -> attach for each that was lost, but stays (pnp only, after a while)
//	Close   -> ends these, closes the devices, closes the USB stack
type module struct {
	driver  *Driver
	variant *variant
	host    nic.Host
	options options

	// Of load, then of watch, then of Close. watch changes stack while known is empty.
	stack usb.Stack
	// background ends with watch and the revivals; nil without pnp.
	background context.Context
	stop       context.CancelFunc
	watching   sync.WaitGroup

	turn  chan struct{}           // to attach; has room for one
	known map[usb.DeviceInfo]bool // on the bus, as far as we were told

	mu       sync.Mutex
	devices  map[*device]bool               // attached, and not yet given up
	revivals map[usb.DeviceInfo]*time.Timer // to come, of those that were lost
	pause    time.Duration                  // before the newest
	closed   bool
}

func (m *module) load(ctx context.Context, word string) (err error) {
	if m.options, err = m.variant.parse(word); err != nil {
		return err
	}
	if m.stack, err = m.driver.openStack(ctx, m.options.path, m.options.wait); err != nil {
		return err
	}
	list, err := m.stack.Devices(ctx)
	if err != nil {
		return asErrno(fmt.Errorf("list the USB devices: %w", err))
	}
	if m.options.pnp {
		// Load's context ends with it; what this one is for goes on until Close.
		m.background, m.stop = context.WithCancel(context.WithoutCancel(ctx))
	}
	m.turn <- struct{}{}
	attached, firstErr := 0, error(nil)
	for _, info := range list {
		m.known[info] = true
		switch err := m.attach(ctx, info); {
		case err == nil:
			attached++
		case firstErr == nil && !errors.Is(err, errNotOurs):
			firstErr = err
		}
	}
	<-m.turn
	switch {
	case ctx.Err() != nil:
		return asErrno(ctx.Err())
	case m.options.pnp:
		m.watching.Go(func() { m.watch(m.background) })
		return nil
	case attached > 0:
		return nil
	case firstErr != nil:
		return asErrno(firstErr)
	}
	return fmt.Errorf("no CDC-ECM device%s, %s: %w", m.options.which(), present(list), syscall.ENODEV)
}

// which names the device that the user asked for.
func (o *options) which() string {
	s := o.match.String()
	if o.bus >= 0 {
		s += fmt.Sprintf(" on bus %d", o.bus)
	}
	if o.device >= 0 {
		s += fmt.Sprintf(" with device number %d", o.device)
	}
	return s
}

// wants reports whether a device may be tried at all.
func (o *options) wants(info usb.DeviceInfo) bool {
	return (o.bus < 0 || o.bus == info.Bus) && (o.device < 0 || o.device == info.Address)
}

// discard undoes a load that failed.
func (m *module) discard() {
	devices := m.attached()
	_ = m.Close()
	for _, d := range devices {
		m.host.Detach(d.port)
	}
}

// log writes a line about the driver.
func (m *module) log(sev slog.Severity, format string, args ...any) {
	m.host.Log(sev, "%s: %s", m.variant.name, fmt.Sprintf(format, args...))
}

// Resident is nic.Module's.
func (m *module) Resident() bool { return m.options.pnp }

// Close is nic.Module's. It does not wait for a Detach that is under way: the
// host may be calling from there.
func (m *module) Close() error {
	m.mu.Lock()
	m.closed = true
	for _, timer := range m.revivals {
		timer.Stop()
	}
	m.mu.Unlock()
	if m.stop != nil {
		m.stop()
		m.watching.Wait()
	}
	var first error
	for _, d := range m.attached() {
		if err := d.Close(); err != nil && first == nil {
			first = err
		}
	}
	if m.stack != nil {
		if err := m.stack.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// attached lists the devices.
func (m *module) attached() []*device {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*device, 0, len(m.devices))
	for d := range m.devices {
		list = append(list, d)
	}
	return list
}

// add makes a device one of the module's, unless that is closed.
func (m *module) add(d *device) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.devices[d] = true
	return true
}

func (m *module) forget(d *device) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.devices, d)
}

// supervise waits for a device's end and clears up behind it. It ends when the
// device is closed, or its interface gone. ctx ends when the device is to end.
func (m *module) supervise(ctx context.Context, d *device) {
	defer m.forget(d)
	defer close(d.over)
	began := time.Now()
	select {
	case <-d.usb.Gone():
		d.end(usb.ErrGone)
	case <-ctx.Done():
	}
	d.running.Wait()
	err := d.release()
	why := d.why()
	pulled := errors.Is(why, usb.ErrGone)
	switch {
	case errors.Is(why, errClosed):
		return // by the host, which sees to the interface
	case pulled:
		d.log(slog.Info, "device removed: %v", d.info)
		m.lost(d.info, time.Since(began))
	default:
		d.log(slog.Error, "%v: %v", d.info, why)
	}
	if err != nil && d.options().verbose > 0 {
		d.log(slog.Info, "giving back %v: %v", d.info, err)
	}
	if !pulled || !d.options().ignRemove {
		m.host.Detach(d.port)
	}
}
