package host

import (
	"context"
	"fmt"

	"github.com/google/gousb"

	"io-pkt/usb"
)

// A claim is one interface that is ours, on one of the two ways.
type claim struct {
	number    uint8
	endpoints map[uint8]gousb.EndpointDesc // of all its settings
	settings  map[uint8]bool               // its alternate settings

	node   *node            // bulk pipes: a descriptor that holds this claim alone
	handle *gousb.Interface // otherwise
	config *gousb.Config

	queue queue // the last one opened, nil for none
}

// queue is what a claim needs to know of its queue.
type queue interface {
	usb.Queue
	isClosed() bool
}

// newClaim looks an interface up in the current configuration.
func newClaim(cfg *gousb.Config, number uint8) (c *claim, bulk bool) {
	c = &claim{number: number, config: cfg, endpoints: make(map[uint8]gousb.EndpointDesc), settings: make(map[uint8]bool)}
	for _, i := range cfg.Desc.Interfaces {
		for _, s := range i.AltSettings {
			if s.Number != int(number) {
				continue
			}
			c.settings[uint8(s.Alternate)] = true
			for _, e := range s.Endpoints {
				c.endpoints[uint8(e.Address)] = e
				bulk = bulk || e.TransferType == gousb.TransferTypeBulk
			}
		}
	}
	return c, bulk
}

// fitsGousb reports whether gousb can hold the claim: Config.Interface takes the
// interface's number for its place in the list, and cannot change the setting
// afterwards.
func (c *claim) fitsGousb() bool {
	all := c.config.Desc.Interfaces
	return len(c.settings) == 1 && int(c.number) < len(all) && all[c.number].Number == int(c.number)
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
	cfg, err := d.current()
	if err != nil {
		return d.failed("claim", what, err)
	}
	c, bulk := newClaim(cfg, iface)
	if len(c.settings) == 0 {
		return d.failed("claim", what, usb.ErrNotFound)
	}
	if bulk || !c.fitsGousb() {
		err = d.claimNode(c)
	} else {
		err = d.claimGousb(c)
	}
	if err != nil {
		d.giveBack()
		return d.failed("claim", what, err)
	}
	d.claims[iface] = c
	return nil
}

// claimNode claims for URBs of our own.
func (d *Device) claimNode(c *claim) error {
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

// claimGousb seizes the interface first, which takes a driver off it and says
// exactly what is wrong if it fails, as gousb's errors do not.
func (d *Device) claimGousb(c *claim) error {
	if err := d.seize(d.node, c); err != nil {
		return err
	}
	if err := d.node.release(c.number); err != nil {
		return reason(err)
	}
	return c.claimHandle()
}

func (c *claim) claimHandle() error {
	return guard(func() (err error) {
		for alt := range c.settings { // the only one
			c.handle, err = c.config.Interface(int(c.number), int(alt))
		}
		return err
	})
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
	if c.handle != nil {
		c.handle.Close()
	}
	if c.node != nil {
		_ = c.node.Close()
	}
}

// SetInterface selects an alternate setting. Where there is but one nothing is
// sent on gousb's way: some devices refuse the request then.
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
	if c.node == nil {
		return nil
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
	var err error
	if c.node != nil {
		c.queue, err = newURBQueue(c.node, c.endpoints)
	} else {
		c.queue, err = newGousbQueue(d, c)
	}
	if err != nil {
		c.queue = nil
		return nil, d.failed("open", what, reason(err))
	}
	return c.queue, nil
}
