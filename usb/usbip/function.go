package usbip

import (
	"math/bits"
	"slices"

	"io-pkt/usb"
)

// A function is what a session has claimed of its device: all interfaces of the
// current configuration. A new configuration makes a new one.
type function struct {
	config    *usb.Config // nil when the device is not configured
	channels  []*channel
	outlets   [32]*outlet // by endpoint number, IN ones from 16 on
	urbs      map[*usb.Transfer]*urb
	allocated int // bytes of transfer buffers
}

// A channel is the queue of one interface.
type channel struct {
	iface   uint8
	queue   usb.Queue
	place   int             // in the poller
	batch   []*usb.Transfer // to submit
	cancels []*usb.Transfer // to cancel
	held    int             // requests that are changing the interface: hands off the queue
}

// An outlet is one endpoint.
type outlet struct {
	channel  *channel
	address  uint8
	inFlight int
	free     [sizes][]*urb // by the size of their buffers
}

// Buffers have sizes from 512 bytes to usb.MaxTransfer, each twice the one before.
const (
	smallest = 9 // log2
	sizes    = 10
)

// openFunction claims the interfaces and opens their queues.
func openFunction(dev usb.Device, config *usb.Config) (*function, error) {
	f := &function{config: config, urbs: make(map[*usb.Transfer]*urb)}
	if config == nil {
		return f, nil
	}
	for i := range config.Settings {
		if err := f.add(dev, &config.Settings[i]); err != nil {
			f.close(dev)
			return nil, err
		}
	}
	return f, nil
}

// add makes the endpoints of a setting usable.
func (f *function) add(dev usb.Device, s *usb.Setting) error {
	c := f.channel(s.Interface)
	if c == nil {
		if err := dev.Claim(s.Interface); err != nil {
			return err
		}
		q, err := dev.OpenQueue(s.Interface)
		if err != nil {
			_ = dev.Release(s.Interface)
			return err
		}
		c = &channel{iface: s.Interface, queue: q}
		f.channels = append(f.channels, c)
	}
	for _, e := range s.Endpoints {
		o := &f.outlets[e.Address>>3&16|e.Address&15]
		if typ := e.Type(); *o == nil && (typ == usb.TransferBulk || typ == usb.TransferInterrupt) {
			*o = &outlet{channel: c, address: e.Address}
		}
	}
	return nil
}

// channel gives the queue of an interface, or nil.
func (f *function) channel(iface uint8) *channel {
	for _, c := range f.channels {
		if c.iface == iface {
			return c
		}
	}
	return nil
}

// outlet gives the endpoint a command is for, or nil.
func (f *function) outlet(h *header) *outlet {
	return f.outlets[h.direction<<4|h.endpoint]
}

// take gives a transfer with a buffer of at least size bytes, or nil when the
// client has had enough.
func (f *function) take(o *outlet, size int) *urb {
	class := max(bits.Len(uint(max(size, 1)-1)), smallest) - smallest
	for i := class; i < sizes; i++ {
		if n := len(o.free[i]); n > 0 {
			u := o.free[i][n-1]
			o.free[i] = o.free[i][:n-1]
			return u
		}
	}
	size = 1 << (smallest + class)
	if f.allocated+size > maxMemory {
		return nil
	}
	t, err := o.channel.queue.Alloc(o.address, size)
	if err != nil {
		return nil
	}
	f.allocated += size
	u := &urb{transfer: t, outlet: o, class: class}
	f.urbs[t] = u
	return u
}

// put takes a transfer back.
func (f *function) put(u *urb) {
	u.outlet.free[u.class] = append(u.outlet.free[u.class], u)
}

// submit starts what has been prepared, but on queues that are held.
func (f *function) submit() error {
	for _, c := range f.channels {
		if c.held > 0 {
			continue
		}
		if len(c.batch) > 0 {
			if err := c.queue.Submit(c.batch...); err != nil {
				return err
			}
			clear(c.batch)
			c.batch = c.batch[:0]
		}
		if len(c.cancels) > 0 {
			c.queue.Cancel(c.cancels...)
			clear(c.cancels)
			c.cancels = c.cancels[:0]
		}
	}
	return nil
}

// cancel ends a transfer with the next submit; it is true if the transfer was
// not started and now never will be.
func (c *channel) cancel(t *usb.Transfer) bool {
	if i := slices.Index(c.batch, t); i >= 0 {
		c.batch = slices.Delete(c.batch, i, i+1)
		return true
	}
	c.cancels = append(c.cancels, t)
	return false
}

// close gives back everything that was claimed. Interfaces with several settings
// are then in the first again, as SET_CONFIGURATION wants (USB 2.0, 9.1.1.5),
// even if it selects the configuration that is current.
func (f *function) close(dev usb.Device) {
	for _, c := range f.channels {
		_ = c.queue.Close()
		_ = dev.Release(c.iface)
	}
}
