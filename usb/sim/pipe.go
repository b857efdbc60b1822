package sim

import (
	"cmp"
	"slices"

	"io-pkt/usb"
)

// A pipe is one endpoint of a plugged-in device. Everything in it belongs to
// Device.mu.
type pipe struct {
	iface   uint8
	address uint8
	packet  int // wMaxPacketSize in the current setting

	active bool // the endpoint is in the current setting
	halted bool
	gone   bool // the device has been pulled

	queue   *queue  // that of its interface; nil when there is none
	waiting []*xfer // in the order they were submitted
	doomed  bool    // some of them are not to be carried out
	carried int     // how many the device's goroutine has in its hands
	ended   []*usb.Transfer
}

// An xfer is a transfer's Context.
type xfer struct {
	t        *usb.Transfer
	q        *queue
	p        *pipe
	inFlight bool
	doomed   error // why it is to end without being carried out
}

// busy reports whether transfers are in flight.
func (p *pipe) busy() bool { return len(p.waiting)+p.carried > 0 }

// end makes a transfer ready to be reaped; flush hands it out.
func (p *pipe) end(x *xfer, err error) {
	x.inFlight, x.doomed = false, nil
	x.t.Err = err
	p.ended = append(p.ended, x.t)
}

// flush hands out what has ended. Putting does not block, and it is done under
// Device.mu so that transfers come out in order.
func (p *pipe) flush() {
	if len(p.ended) > 0 {
		p.queue.list.Put(p.ended...)
		clear(p.ended)
		p.ended = p.ended[:0]
	}
}

// drop takes the first n out of those that wait.
func (p *pipe) drop(n int) { p.waiting = slices.Delete(p.waiting, 0, n) }

// settle ends what can not be carried out. While some transfers are being
// carried it leaves the others alone, so that none is overtaken; it is called
// again afterwards.
func (p *pipe) settle() {
	switch {
	case p.carried > 0 || len(p.waiting) == 0:
		return
	case p.gone:
		p.endAll(usb.ErrGone)
	case p.halted: // until the host clears it (USB 2.0, 9.4.5)
		p.endAll(usb.ErrStall)
	case !p.active:
		p.endAll(usb.ErrNotFound)
	case p.doomed:
		p.waiting = slices.DeleteFunc(p.waiting, func(x *xfer) bool {
			if x.doomed == nil {
				return false
			}
			p.end(x, x.doomed)
			return true
		})
		p.doomed = false
	}
	p.flush()
}

func (p *pipe) endAll(err error) {
	for _, x := range p.waiting {
		p.end(x, cmp.Or(x.doomed, err))
	}
	p.drop(len(p.waiting))
	p.doomed = false
}
