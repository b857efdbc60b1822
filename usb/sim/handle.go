package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"io-pkt/usb"
	"io-pkt/usb/internal/done"
)

// A handle is an open device. closed belongs to Device.mu.
type handle struct {
	dev    *Device
	sess   *session
	closed bool
}

func (d *Device) open(info usb.DeviceInfo) (usb.Device, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session == nil || d.session.info != info {
		return nil, &usb.OpError{Op: "open", Object: info.String(), Err: usb.ErrGone}
	}
	return &handle{dev: d, sess: d.session}, nil
}

func (h *handle) Info() usb.DeviceInfo  { return h.sess.info }
func (h *handle) Gone() <-chan struct{} { return h.sess.gone }

// usable says why h cannot be used. The caller holds Device.mu.
func (h *handle) usable() error {
	switch {
	case h.closed:
		return usb.ErrClosed
	case h.dev.session != h.sess:
		return usb.ErrGone
	}
	return nil
}

func (h *handle) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	return &usb.OpError{Op: op, Object: h.sess.info.String(), Err: err}
}

func (h *handle) failIface(op string, iface uint8, err error) error {
	if err == nil {
		return nil
	}
	return &usb.OpError{Op: op, Object: fmt.Sprintf("interface %d of %v", iface, h.sess.info), Err: err}
}

// Control is usb.Device's.
func (h *handle) Control(ctx context.Context, s usb.Setup, data []byte) (int, error) {
	if len(data) > usb.MaxControl || reserved(s) {
		return 0, h.fail("control "+s.String(), usb.ErrInvalid)
	}
	var n int
	err := h.request(ctx, func(d *Device) (err error) {
		if d.faults.take(StallControl) {
			return usb.ErrStall
		}
		n, err = d.control(h.sess, s, data)
		return err
	})
	return n, h.fail("control "+s.String(), err)
}

// request makes one request on the default pipe: answer is called with
// Device.mu held when it is its turn and the device answers.
func (h *handle) request(ctx context.Context, answer func(*Device) error) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, usb.ControlTimeout)
		defer cancel()
	}
	select {
	case h.sess.turn <- struct{}{}:
		defer func() { <-h.sess.turn }()
	case <-h.sess.gone:
		return usb.ErrGone
	case <-ctx.Done():
		return ended(ctx)
	}
	for {
		silent, err := h.try(answer)
		if silent == nil {
			return err
		}
		select {
		case <-silent:
		case <-h.sess.gone:
			return usb.ErrGone
		case <-ctx.Done():
			return ended(ctx)
		}
	}
}

// try makes a request unless the device is silent, or holds its answer back; then
// it gives a channel that is closed when that may have changed.
func (h *handle) try(answer func(*Device) error) (silent <-chan struct{}, err error) {
	d := h.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := h.usable(); err != nil {
		return nil, err
	}
	if d.faults.silent() {
		return d.faultChange, nil
	}
	if err = answer(d); err == errLater {
		return d.faultChange, nil
	}
	return nil, err
}

// ended says how a request ended that ctx ended.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return usb.ErrTimeout
	}
	return ctx.Err()
}

// SetConfiguration is usb.Device's.
func (h *handle) SetConfiguration(ctx context.Context, value uint8) error {
	err := h.request(ctx, func(d *Device) error {
		if len(h.sess.claims) > 0 {
			return usb.ErrBusy
		}
		if h.sess.configuration() == value {
			return nil
		}
		return d.setConfiguration(h.sess, value)
	})
	return h.fail(fmt.Sprintf("select configuration %d of", value), err)
}

// SetInterface is usb.Device's.
func (h *handle) SetInterface(ctx context.Context, iface, alt uint8) error {
	err := h.request(ctx, func(d *Device) error {
		c := h.sess.claims[iface]
		switch {
		case c == nil || c.holder != h:
			return fmt.Errorf("it is not claimed: %w", usb.ErrNotFound)
		case h.sess.busy(iface):
			return fmt.Errorf("transfers are in flight: %w", usb.ErrBusy)
		}
		set := h.sess.config.Setting(iface, alt)
		if set == nil {
			return fmt.Errorf("setting %d: %w", alt, usb.ErrNotFound)
		}
		d.selectSetting(h.sess, set)
		return nil
	})
	return h.failIface("select setting of", iface, err)
}

// Claim is usb.Device's.
func (h *handle) Claim(iface uint8) error {
	h.dev.mu.Lock()
	defer h.dev.mu.Unlock()
	err := h.usable()
	switch {
	case err != nil:
	case h.sess.config == nil || !h.sess.hasInterface(iface):
		err = usb.ErrNotFound
	case h.sess.claims[iface] != nil:
		err = usb.ErrBusy
	default:
		h.sess.claims[iface] = &claim{holder: h}
	}
	return h.failIface("claim", iface, err)
}

// Release is usb.Device's. The interface goes back to alternate setting 0, as
// an operating system sees to.
func (h *handle) Release(iface uint8) error {
	h.dev.mu.Lock()
	defer h.dev.mu.Unlock()
	err := h.usable()
	if c := h.sess.claims[iface]; err == nil && (c == nil || c.holder != h) {
		err = usb.ErrNotFound
	}
	if err == nil {
		h.releaseLocked(iface)
	}
	return h.failIface("release", iface, err)
}

// releaseLocked gives back an interface that h holds. While it waits for
// transfers that are just being carried Device.mu is free.
func (h *handle) releaseLocked(iface uint8) {
	c := h.sess.claims[iface]
	if c.queue != nil {
		c.queue.closeLocked()
	}
	if h.sess.claims[iface] != c {
		return // another goroutine was faster
	}
	delete(h.sess.claims, iface)
	if h.dev.session != h.sess || h.sess.alts[iface] == 0 {
		return
	}
	if set := h.sess.config.Setting(iface, 0); set != nil {
		h.dev.selectSetting(h.sess, set)
	}
}

// OpenQueue is usb.Device's.
func (h *handle) OpenQueue(iface uint8) (usb.Queue, error) {
	list, err := done.New()
	if err != nil {
		return nil, h.failIface("open a queue for", iface, err)
	}
	h.dev.mu.Lock()
	defer h.dev.mu.Unlock()
	c := h.sess.claims[iface]
	err = h.usable()
	switch {
	case err != nil:
	case c == nil || c.holder != h:
		err = usb.ErrNotFound
	case c.queue != nil:
		err = usb.ErrBusy
	default:
		q := &queue{handle: h, iface: iface, list: list}
		q.claim(c)
		return q, nil
	}
	_ = list.Close()
	return nil, h.failIface("open a queue for", iface, err)
}

// Close is usb.Device's.
func (h *handle) Close() error {
	h.dev.mu.Lock()
	defer h.dev.mu.Unlock()
	h.closed = true
	for _, iface := range slices.Collect(maps.Keys(h.sess.claims)) {
		if c := h.sess.claims[iface]; c != nil && c.holder == h {
			h.releaseLocked(iface)
		}
	}
	return nil
}
