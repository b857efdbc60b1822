package ecmdrv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
	"unicode"

	"io-pkt/internal/nic"
	"io-pkt/slog"
	"io-pkt/usb"
)

// Bounds of attaching.
const (
	attachTime = 15 * time.Second // for everything that a device has to answer
	maxConfigs = 8                // that are looked at
	maxString  = 64               // characters of a string that are shown
)

// errNotOurs says that a device has no CDC-ECM function, or is not the one that
// was asked for.
var errNotOurs = errors.New("not a CDC-ECM device")

// attach takes a device into service: it gets an interface and runs. After an
// error, which has been logged, nothing of it is left.
func (m *module) attach(ctx context.Context, info usb.DeviceInfo) error {
	if !m.options.wants(info) || info.Descriptor.Class == classHub {
		return errNotOurs
	}
	d, err := newDevice(m, info)
	if err != nil {
		return err
	}
	if err := d.attach(ctx); err != nil {
		if releaseErr := d.release(); releaseErr != nil {
			m.host.Log(slog.Warning, "devnp-ecm: %v: giving it back: %v", info, releaseErr)
		}
		if !errors.Is(err, errNotOurs) && !errors.Is(err, errClosed) {
			m.host.Log(slog.Error, "devnp-ecm: %v: %v", info, err)
		}
		return err
	}
	return nil
}

func (d *device) attach(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, attachTime)
	defer cancel()
	var err error
	if d.usb, err = d.module.stack.Open(asking, d.info); err != nil {
		return err
	}
	if d.descriptor, err = usb.ReadDevice(asking, d.usb); err != nil {
		return err
	}
	if d.function, err = d.identify(asking); err != nil {
		return err
	}
	spec := d.describe(asking)
	if err := d.configure(asking); err != nil {
		return err
	}
	if err := d.prepare(asking); err != nil {
		return err
	}
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

// identify reads all configurations and finds the function.
func (d *device) identify(ctx context.Context) (function, error) {
	var configs []*usb.Config
	var notes []string
	for i := range min(d.descriptor.NumConfigurations, maxConfigs) {
		raw, err := usb.ReadConfig(ctx, d.usb, i)
		if err == nil {
			var c *usb.Config
			if c, err = usb.ParseConfig(raw); err == nil {
				configs = append(configs, c)
				continue
			}
		}
		if errors.Is(err, usb.ErrGone) || ctx.Err() != nil {
			return function{}, err
		}
		notes = append(notes, err.Error())
	}
	f, more, ok := findFunction(d.descriptor, configs, ecm)
	if d.options().verbose > 0 || !ok && d.options().device >= 0 {
		for _, n := range append(notes, more...) {
			d.module.host.Log(slog.Info, "devnp-ecm: %v: %s", d.info, n)
		}
	}
	if !ok {
		return f, errNotOurs
	}
	return f, nil
}

// describe makes the specification of the interface, from the device's strings.
func (d *device) describe(ctx context.Context) nic.Spec {
	desc := d.descriptor
	text := func(index uint8) string {
		s, _ := usb.ReadString(ctx, d.usb, index) // a device without strings is as good
		return printable(s)
	}
	spec := nic.Spec{
		Base:        "ecm",
		Description: strings.TrimSpace(text(desc.Manufacturer) + " " + text(desc.Product)),
		MTU:         d.function.segment.mtu(), MaxMTU: d.function.segment.maxMTU(),
	}
	if spec.Description == "" {
		spec.Description = fmt.Sprintf("CDC-ECM device %04x:%04x", desc.VendorID, desc.ProductID)
	}
	d.description = spec.Description

	own, err := d.readMAC(ctx)
	switch {
	case d.options().mac != nil:
		spec.MAC, d.macSource = d.options().mac, "from mac="
	case err == nil:
		spec.MAC, d.macSource = own, "from the device"
	default:
		spec.MAC = fallbackMAC(d.info, text(desc.SerialNumber))
		d.macSource = fmt.Sprintf("made up: %v", err)
	}
	spec.PermanentMAC, d.mac = own, spec.MAC
	return spec
}

func (d *device) readMAC(ctx context.Context) (net.HardwareAddr, error) {
	s, err := usb.ReadString(ctx, d.usb, d.function.macString)
	if err != nil {
		return nil, fmt.Errorf("the device tells none: %w", err)
	}
	mac, err := parseMAC(s)
	if err != nil {
		return nil, fmt.Errorf("the device's is bad: %w", err)
	}
	return mac, nil
}

// printable makes a string from a device fit for a log.
func printable(s string) string {
	r := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s))
	return strings.TrimSpace(string(r[:min(len(r), maxString)]))
}

// announce writes what was found to the log.
func (d *device) announce() {
	for _, other := range d.module.attached() {
		if bytes.Equal(other.mac, d.mac) {
			d.log(slog.Warning, "has the same address as %s", other.port.Name())
		}
	}
	if d.options().verbose == 0 {
		return
	}
	f := d.function
	d.log(slog.Info, "%v, port %s, %v speed: %s", d.info, d.info.Port, d.info.Speed, d.description)
	d.log(slog.Info, "%v", f)
	d.log(slog.Info, "address %v, %s", d.mac, d.macSource)
	d.log(slog.Info, "MTU %d, at most %d; %d receive transfers of %d bytes, %d transmit transfers",
		f.segment.mtu(), f.segment.maxMTU(), len(d.loop.rx.all), f.segment.receiveSize(int(f.in.MaxPacketSize)), len(d.loop.tx.all))
}

// configure selects the configuration, claims the interfaces and opens the data
// path. Going through setting 0 starts the function afresh; a device without
// other settings may refuse the request (USB 2.0, 9.4.10).
func (d *device) configure(ctx context.Context) error {
	f := d.function
	if err := d.usb.SetConfiguration(ctx, f.config); err != nil {
		return err
	}
	if err := d.usb.Claim(f.control); err != nil {
		return err
	}
	if f.data != f.control {
		if err := d.usb.Claim(f.data); err != nil {
			return err
		}
	}
	d.claimed = true
	if err := d.usb.SetInterface(ctx, f.data, 0); err != nil && !errors.Is(err, usb.ErrStall) {
		return err
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
	err = d.control.setFilter(ctx, filterFor(nic.ReceiveMode{}))
	if errors.Is(err, usb.ErrGone) {
		return err
	}
	if err != nil && d.options().verbose > 0 {
		d.module.host.Log(slog.Info, "devnp-ecm: %v: packet filter: %v", d.info, err)
	}
	return d.loop.receive()
}
