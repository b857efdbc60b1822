package ecmdrv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"io-pkt/internal/nic"
	"io-pkt/slog"
	"io-pkt/usb"
)

// Bounds of attaching.
const (
	attachTime = 15 * time.Second // for everything that a device has to answer
	maxConfigs = 8                // that are looked at
)

// errNotOurs says that a device has no CDC-ECM function, or is not the one that
// was asked for.
var errNotOurs = errors.New("not a CDC-ECM device")

// attach takes a device into service: each of its functions gets an interface and
// runs. An error, which has been logged, means that nothing of it is left.
func (m *module) attach(ctx context.Context, info usb.DeviceInfo) error {
	if !m.options.wants(info) || info.Descriptor.Class == classHub {
		return errNotOurs
	}
	err := m.attachFunctions(ctx, info)
	if err != nil && !errors.Is(err, errNotOurs) && !errors.Is(err, errClosed) {
		m.log(slog.Error, "%v: %v", info, err)
	}
	return err
}

// attachFunctions fails when it could attach none of a device's functions.
func (m *module) attachFunctions(ctx context.Context, info usb.DeviceInfo) error {
	asking, cancel := context.WithTimeout(ctx, attachTime)
	defer cancel()
	opened, err := m.stack.Open(asking, info)
	if err != nil {
		return err
	}
	hardware := newShared(opened)
	defer func() { _ = hardware.drop() }()
	descriptor, err := usb.ReadDevice(asking, opened)
	if err != nil {
		return err
	}
	functions, err := m.identify(asking, opened, descriptor)
	if err != nil {
		return err
	}
	if err := opened.SetConfiguration(asking, functions[0].config); err != nil {
		return err
	}
	var failed []error
	for _, f := range functions {
		err := m.attachFunction(asking, hardware, descriptor, f)
		if err != nil && len(functions) > 1 {
			err = fmt.Errorf("interface %d: %w", f.control, err)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	var first error
	if len(failed) == len(functions) {
		first, failed = failed[0], failed[1:] // attach logs it
	}
	for _, err := range failed {
		m.log(slog.Error, "%v: %v", info, err)
	}
	return first
}

func (m *module) attachFunction(ctx context.Context, hardware *shared, descriptor usb.DeviceDescriptor, f function) error {
	d, err := newDevice(m, hardware, descriptor, f)
	if err != nil {
		return err
	}
	if err := d.attach(ctx); err != nil {
		if releaseErr := d.release(); releaseErr != nil {
			m.log(slog.Warning, "%v: giving it back: %v", d.info, releaseErr)
		}
		return err
	}
	return nil
}

// identify reads all configurations and finds the functions, at least one.
func (m *module) identify(ctx context.Context, d usb.Device, descriptor usb.DeviceDescriptor) ([]function, error) {
	var configs []*usb.Config
	var notes []string
	for i := range min(descriptor.NumConfigurations, maxConfigs) {
		raw, err := usb.ReadConfig(ctx, d, i)
		if err == nil {
			var c *usb.Config
			if c, err = usb.ParseConfig(raw); err == nil {
				configs = append(configs, c)
				continue
			}
		}
		if errors.Is(err, usb.ErrGone) || ctx.Err() != nil {
			return nil, err
		}
		notes = append(notes, err.Error())
	}
	functions, more := findFunctions(descriptor, configs, m.options.match)
	notes = append(notes, more...)
	if m.options.verbose > 0 {
		for _, c := range slices.Backward(configs) {
			notes = slices.Insert(notes, 0, interfaceMap(c))
		}
	}
	if m.options.verbose > 0 || len(functions) == 0 {
		for _, n := range shortened(notes) {
			m.log(slog.Info, "%v: %s", d.Info(), n)
		}
	}
	if len(functions) == 0 {
		return nil, errNotOurs
	}
	return functions, nil
}

func (d *device) attach(ctx context.Context) error {
	spec := d.describe(ctx)
	if err := d.configure(ctx); err != nil {
		return err
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	var err error
	if d.port, err = d.module.host.Attach(spec, d); err != nil {
		return fmt.Errorf("make an interface: %w", err)
	}
	d.announce()
	if err := d.start(); err != nil {
		d.module.host.Detach(d.port)
		return err
	}
	return nil
}

// configure claims the interfaces and opens the data path. Going through setting
// 0 starts the function afresh; a device without other settings may refuse the
// request (USB 2.0, 9.4.10).
func (d *device) configure(ctx context.Context) error {
	f := d.function
	for _, i := range f.interfaces() {
		if err := d.usb.Claim(i); err != nil {
			return err
		}
		d.claimed = append(d.claimed, i)
	}
	if quirksOf(d.descriptor)&keepsSetting == 0 {
		if err := d.usb.SetInterface(ctx, f.data, 0); err != nil && !errors.Is(err, usb.ErrStall) {
			return err
		}
	}
	if f.alternate == 0 {
		return nil
	}
	return d.usb.SetInterface(ctx, f.data, f.alternate)
}

// prepare opens the queues, makes the transfers and lets the device talk: some
// report their link only once the packet filter is set.
func (d *device) prepare(ctx context.Context) (err error) {
	f := d.function
	if d.queue, err = d.usb.OpenQueue(f.data); err != nil {
		return err
	}
	if err = d.loop.prepare(d.queue, f, *d.options()); err != nil {
		return err
	}
	if f.notify != nil {
		if d.notes, err = d.usb.OpenQueue(f.control); err != nil {
			return err
		}
		if err = d.control.listen(d.notes, *f.notify); err != nil {
			return err
		}
	}
	err = d.control.setFilter(ctx, d.filter(nic.ReceiveMode{}))
	if errors.Is(err, usb.ErrGone) {
		return err
	}
	if err != nil && d.options().verbose > 0 {
		d.module.log(slog.Info, "%v: the device takes no packet filter: %v", d.info, err)
	}
	return d.loop.receive()
}
