package usbip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"io-pkt/usb"
)

// maxConfigurations is how many configurations of a device are read; Linux has
// the same limit.
const maxConfigurations = 8

// A device implements usb.Device on an imported device.
type device struct {
	stack   *Stack
	link    *link
	info    usb.DeviceInfo
	configs []*usb.Config // parsed when the device was opened

	turn    chan struct{} // has a token while the default pipe is free
	request request       // the control request being made, by who has the token

	mu      sync.Mutex
	current uint8            // bConfigurationValue
	claims  map[uint8]*claim // by interface
	closed  bool
}

// newDevice makes a device of a connection that has imported one, and owns it.
func newDevice(ctx context.Context, s *Stack, conn net.Conn, r record) (*device, error) {
	l, err := newLink(conn, r.devID())
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	d := &device{stack: s, link: l, info: r.info(), current: r.configuration,
		turn: make(chan struct{}, 1), claims: make(map[uint8]*claim)}
	d.turn <- struct{}{}
	d.request.pipe = &pipe{ended: make(chan struct{}, 1)}
	listed := d.info
	if err := d.readDescriptors(ctx); err != nil {
		l.close()
		return nil, err
	}
	s.mu.Lock()
	s.open[d] = listed
	s.mu.Unlock()
	return d, nil
}

// readDescriptors reads what the server's record of the device leaves out. A
// configuration that cannot be parsed cannot be used, and is no reason to
// refuse the others.
func (d *device) readDescriptors(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	b := make([]byte, usb.DeviceDescriptorSize)
	n, err := d.Control(ctx, usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetDescriptor, Value: usb.DescDevice << 8}, b)
	if err != nil {
		return err
	}
	if d.info.Descriptor, err = usb.ParseDevice(b[:n]); err != nil {
		return err
	}
	for i := range min(d.info.Descriptor.NumConfigurations, maxConfigurations) {
		raw, err := usb.ReadConfig(ctx, d, i)
		if errors.Is(err, usb.ErrGone) || ctx.Err() != nil {
			return err
		}
		if c, err := usb.ParseConfig(raw); err == nil {
			d.configs = append(d.configs, c)
		}
	}
	return nil
}

func (d *device) Info() usb.DeviceInfo { return d.info }

func (d *device) Gone() <-chan struct{} { return d.link.gone }

// wrap says what was tried on what part of this device.
func (d *device) wrap(op, part string, err error) error {
	return &usb.OpError{Op: op, Object: fmt.Sprintf("%s of %v", part, d.info), Err: err}
}

// usable says whether the device is neither closed nor gone.
func (d *device) usable() error {
	d.mu.Lock()
	closed := d.closed
	d.mu.Unlock()
	if closed {
		return usb.ErrClosed
	}
	select {
	case <-d.link.gone:
		return usb.ErrGone
	default:
		return nil
	}
}

// configLocked gives the configuration with this value, or nil.
func (d *device) configLocked(value uint8) *usb.Config {
	for _, c := range d.configs {
		if c.Value == value && value != 0 {
			return c
		}
	}
	return nil
}

func (d *device) SetConfiguration(ctx context.Context, value uint8) error {
	wrap := func(err error) error { return d.wrap("select", fmt.Sprintf("configuration %d", value), err) }
	if err := d.usable(); err != nil {
		return wrap(err)
	}
	d.mu.Lock()
	same, busy, known := d.current == value, len(d.claims) > 0, value == 0 || d.configLocked(value) != nil
	d.mu.Unlock()
	switch {
	case busy:
		return wrap(usb.ErrBusy)
	case same:
		return nil
	case !known:
		return wrap(usb.ErrNotFound)
	}
	if _, err := d.control(ctx, usb.Setup{Request: usb.ReqSetConfiguration, Value: uint16(value)}, nil); err != nil {
		return wrap(err)
	}
	d.mu.Lock()
	d.current = value
	d.mu.Unlock()
	return nil
}

func (d *device) SetInterface(ctx context.Context, iface, alt uint8) error {
	wrap := func(err error) error {
		return d.wrap("select", fmt.Sprintf("setting %d of interface %d", alt, iface), err)
	}
	if err := d.usable(); err != nil {
		return wrap(err)
	}
	d.mu.Lock()
	held := d.claims[iface]
	c := d.configLocked(d.current)
	d.mu.Unlock()
	if c == nil || c.Setting(iface, alt) == nil {
		return wrap(usb.ErrNotFound)
	}
	if held == nil {
		return wrap(fmt.Errorf("it is not claimed: %w", usb.ErrNotFound))
	}
	_, err := d.control(ctx, usb.Setup{RequestType: usb.RecipientInterface, Request: usb.ReqSetInterface,
		Value: uint16(alt), Index: uint16(iface)}, nil)
	if err != nil {
		return wrap(err)
	}
	d.mu.Lock()
	held.alt = alt
	d.mu.Unlock()
	return nil
}

// Close gives the device back to the server.
func (d *device) Close() error {
	d.mu.Lock()
	d.closed = true
	var queues []*queue
	for _, held := range d.claims {
		if held.queue != nil {
			queues = append(queues, held.queue)
		}
	}
	d.mu.Unlock()
	d.link.close()
	for _, q := range queues {
		_ = q.Close()
	}
	d.stack.mu.Lock()
	delete(d.stack.open, d)
	d.stack.mu.Unlock()
	return nil
}
