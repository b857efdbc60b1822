package ecmdrv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
	"time"

	"io-pkt/internal/nic"
	"io-pkt/slog"
	"io-pkt/usb"
)

// A Driver is devnp-ecm, a nic.Driver. What it loads shares one list of the
// addresses in use, and the goroutines that move frames.
type Driver struct {
	// Open opens the USB stack that path= names; path is empty when the user
	// named none. While it fails because there is nothing yet, with
	// fs.ErrNotExist or as a connection that nobody answers, it is called again
	// for as long as wait= says.
	Open func(ctx context.Context, path string) (usb.Stack, error)

	// Serial makes the terminal for AT commands to the device that has the
	// interface with this name, /dev/serecm0. nil for none.
	Serial func(name string) (Terminal, error)

	addresses addresses
	movers    movers
}

var _ nic.Driver = (*Driver)(nil)

// openRetry is how often Open is tried.
const openRetry = 100 * time.Millisecond

// Load is nic.Driver's. It fails with EINVAL when it does not understand the
// options and with ENODEV when there is no USB stack or, without pnp, no device.
func (d *Driver) Load(ctx context.Context, host nic.Host, options string) (nic.Module, error) {
	return d.load(ctx, host, &ecm, options)
}

// Plus gives devnp-ecmplus: the same driver for devices whose control interface
// has a class of its own, which its options name.
func (d *Driver) Plus() nic.Driver { return plus{d} }

type plus struct{ driver *Driver }

func (p plus) Load(ctx context.Context, host nic.Host, options string) (nic.Module, error) {
	return p.driver.load(ctx, host, &ecmPlus, options)
}

func (d *Driver) load(ctx context.Context, host nic.Host, v *variant, options string) (nic.Module, error) {
	m := &module{driver: d, variant: v, host: host, turn: make(chan struct{}, 1),
		devices: map[*device]bool{}, revivals: map[usb.DeviceInfo]*time.Timer{}, known: map[usb.DeviceInfo]bool{}}
	err := m.load(ctx, options)
	if err != nil {
		m.log(slog.Error, "%v", err)
		m.discard()
		return nil, err
	}
	return m, nil
}

// openStack opens the USB stack and waits for it to appear, or for ever when wait is
// negative.
func (d *Driver) openStack(ctx context.Context, path string, wait time.Duration) (usb.Stack, error) {
	deadline := time.Now().Add(wait)
	for {
		stack, err := d.Open(ctx, path)
		if err == nil {
			return stack, nil
		}
		err = fmt.Errorf("USB stack at %s: %w", cmp.Or(path, "the default path"), err)
		switch {
		case wait >= 0 && !notThereYet(err):
			return nil, asErrno(err)
		case wait >= 0 && !time.Now().Before(deadline):
			// ENODEV goes first: err may have an errno of its own.
			return nil, fmt.Errorf("%w after %v: %w", syscall.ENODEV, wait, err)
		}
		select {
		case <-time.After(openRetry):
		case <-ctx.Done():
			return nil, asErrno(fmt.Errorf("%w: %w", err, ctx.Err()))
		}
	}
}

// notThereYet reports whether a stack that could not be opened may still appear.
func notThereYet(err error) bool {
	var n net.Error
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) ||
		errors.As(err, &n) && n.Timeout()
}

// asErrno adds the errno that says in QNX's words what a USB error says; the log
// shows it behind "Unable to init devnp-ecm.so".
func asErrno(err error) error {
	var have syscall.Errno
	if err == nil || errors.As(err, &have) {
		return err
	}
	for _, e := range []struct {
		is    error
		errno syscall.Errno
	}{
		{usb.ErrBusy, syscall.EBUSY},
		{usb.ErrAccess, syscall.EACCES},
		{usb.ErrGone, syscall.ENODEV},
		{usb.ErrTimeout, syscall.ETIMEDOUT},
		{context.DeadlineExceeded, syscall.ETIMEDOUT},
		{context.Canceled, syscall.EINTR},
	} {
		if errors.Is(err, e.is) {
			return fmt.Errorf("%w: %w", err, e.errno)
		}
	}
	return err
}
