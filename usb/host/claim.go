package host

import (
	"context"
	"fmt"

	"io-pkt/usb"
)

// A claim is one interface that is ours.
type claim struct {
	number    uint8
	endpoints map[uint8]bool // of all its settings
	settings  map[uint8]bool // its alternate settings

	node  *node     // a descriptor that holds this claim alone
	queue *urbQueue // the last one opened, nil for none
}

// newClaim looks an interface up in a configuration.
func newClaim(cfg *usb.Config, number uint8) *claim {
	c := &claim{number: number, endpoints: make(map[uint8]bool), settings: make(map[uint8]bool)}
	for _, s := range cfg.Settings {
		if s.Interface != number {
			continue
		}
		c.settings[s.Alternate] = true
		for _, e := range s.Endpoints {
			c.endpoints[e.Address] = true
		}
	}
	return c
}

// Claim takes an interface. A kernel driver on it is detached first, on a
// descriptor of our own; where one driver has several interfaces, as cdc_ether
// has, it loses them all.
func (d *Device) Claim(iface uint8) error {
	what := fmt.Sprintf("interface %d", iface)
	if err := d.take(context.Background()); err != nil {
		return d.failed("claim", what, err)
	}
	defer d.done()
	if d.claims[iface] != nil {
		return d.failed("claim", what, usb.ErrBusy)
	}
	c := newClaim(d.config(), iface)
	if len(c.settings) == 0 {
		return d.failed("claim", what, usb.ErrNotFound)
	}
	if err := d.hold(c); err != nil {
		d.giveBack()
		return d.failed("claim", what, err)
	}
	d.claims[iface] = c
	return nil
}

// hold opens a claim's descriptor and claims on it.
func (d *Device) hold(c *claim) error {
	n, err := openNode(d.node.path)
	if err != nil {
		return err
	}
	if err := d.seize(n, c); err != nil {
		_ = n.Close()
		return err
	}
	c.node = n
	return nil
}

// Release gives an interface back; its queue is closed. What is not claimed is
// left alone.
func (d *Device) Release(iface uint8) error {
	what := fmt.Sprintf("interface %d", iface)
	if err := d.take(context.Background()); err != nil {
		return d.failed("release", what, err)
	}
	defer d.done()
	c := d.claims[iface]
	if c == nil {
		return d.failed("release", what, usb.ErrNotFound)
	}
	c.close()
	delete(d.claims, iface)
	d.giveBack()
	return nil
}

// close gives up the claim.
func (c *claim) close() {
	if c.queue != nil {
		_ = c.queue.Close()
	}
	_ = c.node.Close()
}

// SetInterface selects an alternate setting.
func (d *Device) SetInterface(ctx context.Context, iface, alt uint8) error {
	what := fmt.Sprintf("setting %d of interface %d", alt, iface)
	if err := d.take(ctx); err != nil {
		return d.failed("select", what, err)
	}
	defer d.done()
	c := d.claims[iface]
	if c == nil || !c.settings[alt] {
		return d.failed("select", what, usb.ErrNotFound)
	}
	if err := c.node.setInterface(iface, alt); err != nil {
		return d.failed("select", what, reason(err))
	}
	return nil
}

// OpenQueue gives the queue for an interface's endpoints.
func (d *Device) OpenQueue(iface uint8) (usb.Queue, error) {
	what := fmt.Sprintf("queue on interface %d", iface)
	if err := d.take(context.Background()); err != nil {
		return nil, d.failed("open", what, err)
	}
	defer d.done()
	c := d.claims[iface]
	if c == nil {
		return nil, d.failed("open", what, usb.ErrNotFound)
	}
	if c.queue != nil && !c.queue.isClosed() {
		return nil, d.failed("open", what, usb.ErrBusy)
	}
	q, err := newURBQueue(c.node, c.endpoints)
	if err != nil {
		return nil, d.failed("open", what, reason(err))
	}
	c.queue = q
	return q, nil
}
