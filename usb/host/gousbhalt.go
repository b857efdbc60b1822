package host

import (
	"context"
	"fmt"

	"io-pkt/usb"
)

// ClearHalt ends an endpoint's halt. gousb has no call for it, and a bare
// CLEAR_FEATURE would leave the host's data toggle wrong, so the interface
// changes hands for a moment: gousb releases it and our own descriptor makes the
// request. The kernel allows it 5 s; ctx counts only before that.
func (q *gousbQueue) ClearHalt(ctx context.Context, endpoint uint8) error {
	err := q.device.take(ctx)
	if err == nil {
		err = q.clearHalt(endpoint)
		q.device.done()
	}
	if err != nil {
		return &usb.OpError{Op: "clear", Object: fmt.Sprintf("halt of endpoint %#02x", endpoint), Err: err}
	}
	return nil
}

func (q *gousbQueue) clearHalt(endpoint uint8) error {
	c, d := q.claim, q.device
	if q.isClosed() {
		return usb.ErrClosed
	}
	if _, ok := c.endpoints[endpoint]; !ok {
		return usb.ErrNotFound
	}
	if c.handle != nil {
		c.handle.Close()
		c.handle = nil
	}
	if err := d.node.claimUnbound(c.number); err != nil {
		return d.holder(c.number, err)
	}
	err := reason(d.node.clearHalt(endpoint))
	_ = d.node.release(c.number)
	if e := c.claimHandle(); err == nil {
		err = e
	}
	return err
}
