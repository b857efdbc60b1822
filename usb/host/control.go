package host

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/gousb"

	"io-pkt/usb"
)

// Control makes a control transfer. A request cannot be called back once it has
// been sent: ctx bounds it by its deadline, and by its end only until it is
// sent. The kernel carries 4096 bytes: an IN request is cut to that, a longer
// OUT request fails with usb.ErrInvalid.
//
// A request to an interface, or to one of its endpoints, needs that interface
// in Linux: it is made on the descriptor that has claimed it, and when nobody has
// we do so for the length of the request.
func (d *Device) Control(ctx context.Context, s usb.Setup, data []byte) (int, error) {
	if len(data) > usb.MaxControl || !s.In() && len(data) > maxPage || reserved(s) {
		return 0, d.failed("control", s.String(), usb.ErrInvalid)
	}
	if err := d.take(ctx); err != nil {
		return 0, d.failed("control", s.String(), err)
	}
	defer d.done()
	n, err := d.controlNow(s, data[:min(len(data), maxPage)], timeLeft(ctx))
	if err != nil {
		return max(n, 0), d.failed("control", s.String(), reason(err))
	}
	return n, nil
}

func (d *Device) controlNow(s usb.Setup, data []byte, timeout time.Duration) (int, error) {
	iface, ok := d.target(s)
	if !ok {
		return d.node.control(s, data, timeout)
	}
	if c := d.claims[iface]; c != nil {
		return c.node.control(s, data, timeout)
	}
	if err := d.node.claimUnbound(iface); err != nil {
		return 0, d.holder(iface, err)
	}
	n, err := d.node.control(s, data, timeout)
	return n, cmp.Or(err, d.node.release(iface))
}

// target gives the interface that Linux wants claimed for a request, if any
// (drivers/usb/core/devio.c, check_ctrlrecip).
func (d *Device) target(s usb.Setup) (iface uint8, ok bool) {
	if s.RequestType&0x60 == usb.TypeVendor {
		return 0, false
	}
	switch s.RequestType & 0x1f {
	case usb.RecipientInterface:
		return uint8(s.Index), true
	case usb.RecipientEndpoint:
		for _, setting := range d.config().Settings {
			for _, e := range setting.Endpoints {
				if e.Address == uint8(s.Index) {
					return setting.Interface, true
				}
			}
		}
	}
	return 0, false
}

// reserved reports whether a request changes what a method of its own looks
// after.
func reserved(s usb.Setup) bool {
	if s.RequestType&0x60 != usb.TypeStandard {
		return false
	}
	switch s.Request {
	case usb.ReqSetAddress, usb.ReqSetConfiguration, usb.ReqSetInterface:
		return !s.In()
	case usb.ReqClearFeature:
		return s.RequestType&0x1f == usb.RecipientEndpoint && s.Value == usb.FeatureEndpointHalt
	}
	return false
}

// timeLeft gives a control request its time-out: at least a millisecond, as 0
// means for ever to the kernel.
func timeLeft(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return usb.ControlTimeout
	}
	return max(time.Until(deadline).Truncate(time.Millisecond), time.Millisecond)
}

// SetConfiguration selects a configuration. To change it the kernel wants all
// interfaces free, so its drivers are taken off all of them; it looks for
// drivers for the new ones by itself.
func (d *Device) SetConfiguration(ctx context.Context, value uint8) error {
	what := fmt.Sprintf("configuration %d", value)
	if err := d.take(ctx); err != nil {
		return d.failed("select", what, err)
	}
	defer d.done()
	if err := d.setConfiguration(value); err != nil {
		return d.failed("select", what, reason(err))
	}
	return nil
}

func (d *Device) setConfiguration(value uint8) error {
	if d.active == value {
		return nil
	}
	if len(d.claims) > 0 {
		return usb.ErrBusy
	}
	if _, ok := d.configs[value]; !ok {
		return usb.ErrNotFound
	}
	if err := d.freeAll(d.config()); err != nil {
		return err
	}
	err := d.withHandle(func(h *gousb.Device) error {
		cfg, err := h.Config(int(value))
		if err != nil {
			return err
		}
		return cfg.Close()
	})
	if err != nil {
		d.giveBack()
		return cmp.Or(d.alive(), err)
	}
	d.active = value
	clear(d.detached) // those were interfaces of the old configuration
	return nil
}
