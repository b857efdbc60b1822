package usbip

import (
	"context"
	"fmt"

	"io-pkt/usb"
)

// A claim is an interface that the user has. Claims are kept here: the server has
// given us the whole device.
type claim struct {
	queue *queue // nil when there is none
	alt   uint8  // the setting last selected
}

func (d *device) Claim(iface uint8) error {
	wrap := func(err error) error { return d.wrap("claim", fmt.Sprintf("interface %d", iface), err) }
	if err := d.usable(); err != nil {
		return wrap(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.configLocked(d.current)
	if c == nil || c.Setting(iface, 0) == nil {
		return wrap(usb.ErrNotFound)
	}
	if d.claims[iface] != nil {
		return wrap(usb.ErrBusy)
	}
	d.claims[iface] = &claim{}
	return nil
}

func (d *device) Release(iface uint8) error {
	wrap := func(err error) error { return d.wrap("release", fmt.Sprintf("interface %d", iface), err) }
	if err := d.usable(); err != nil {
		return wrap(err)
	}
	d.mu.Lock()
	held := d.claims[iface]
	if held == nil {
		d.mu.Unlock()
		return wrap(fmt.Errorf("it is not claimed: %w", usb.ErrNotFound))
	}
	q, alt := held.queue, held.alt
	d.mu.Unlock()
	if q != nil {
		_ = q.Close()
	}
	if alt != 0 {
		// Nothing can be done about a device that refuses.
		_ = d.SetInterface(context.Background(), iface, 0)
	}
	d.mu.Lock()
	delete(d.claims, iface)
	d.mu.Unlock()
	return nil
}

func (d *device) OpenQueue(iface uint8) (usb.Queue, error) {
	wrap := func(err error) error {
		return d.wrap("open a queue for", fmt.Sprintf("interface %d", iface), err)
	}
	if err := d.usable(); err != nil {
		return nil, wrap(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	held := d.claims[iface]
	c := d.configLocked(d.current)
	switch {
	case d.closed:
		return nil, wrap(usb.ErrClosed)
	case held == nil || c == nil:
		return nil, wrap(fmt.Errorf("it is not claimed: %w", usb.ErrNotFound))
	case held.queue != nil:
		return nil, wrap(usb.ErrBusy)
	}
	q, err := newQueue(d, iface, c.Settings)
	if err != nil {
		return nil, wrap(err)
	}
	held.queue = q
	return q, nil
}

// forget makes room for the next queue of the interface.
func (d *device) forget(q *queue) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if held := d.claims[q.iface]; held != nil && held.queue == q {
		held.queue = nil
	}
}
