package usbip

import (
	"fmt"

	"io-pkt/usb"
)

// Claims are kept here: the server has given us the whole device.

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
	if _, claimed := d.claims[iface]; claimed {
		return wrap(usb.ErrBusy)
	}
	d.claims[iface] = nil
	return nil
}

// Release closes the interface's queue as well.
func (d *device) Release(iface uint8) error {
	if err := d.usable(); err != nil {
		return d.wrap("release", fmt.Sprintf("interface %d", iface), err)
	}
	d.mu.Lock()
	q, claimed := d.claims[iface]
	d.mu.Unlock()
	if !claimed {
		return d.wrap("release", fmt.Sprintf("interface %d", iface), fmt.Errorf("it is not claimed: %w", usb.ErrNotFound))
	}
	if q != nil {
		_ = q.Close()
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
	open, claimed := d.claims[iface]
	c := d.configLocked(d.current)
	switch {
	case d.closed:
		return nil, wrap(usb.ErrClosed)
	case !claimed || c == nil:
		return nil, wrap(fmt.Errorf("it is not claimed: %w", usb.ErrNotFound))
	case open != nil:
		return nil, wrap(usb.ErrBusy)
	}
	q, err := newQueue(d, iface, c.Settings)
	if err != nil {
		return nil, wrap(err)
	}
	d.claims[iface] = q
	return q, nil
}

// forget makes room for the next queue of the interface.
func (d *device) forget(q *queue) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.claims[q.iface] == q {
		d.claims[q.iface] = nil
	}
}
