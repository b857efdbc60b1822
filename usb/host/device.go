package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/gousb"
	"golang.org/x/sys/unix"

	"io-pkt/internal/poll"
	"io-pkt/usb"
)

// nodeWait bounds how long Open waits for a device's node to become ours: udev
// sets its owner a little later than the kernel makes it.
const nodeWait = time.Second

// A Device is an open device. One request is made at a time; turn is the right
// to make it, and guards what stands below it.
type Device struct {
	info       usb.DeviceInfo
	node       *node                 // for what concerns the device as a whole; claims nothing for long
	descriptor []byte                // the device's
	raw        [][]byte              // its configurations'
	configs    map[uint8]*usb.Config // by their numbers, those that make sense

	gone    chan struct{}
	closing chan struct{}
	closed  sync.Once
	watcher *poll.Poller
	running sync.WaitGroup // watch, and what withHandle has left

	turn     chan struct{}
	active   uint8 // number of the current configuration, 0 for none
	claims   map[uint8]*claim
	detached map[uint8]bool // interfaces whose kernel driver we took
}

var (
	_ usb.Device = (*Device)(nil)
	_ usb.Cache  = (*Device)(nil)
)

// Open opens a device that Devices or Watch told of. It waits up to a second for
// its node to become accessible.
func (s *Stack) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	if s.isClosed() {
		return nil, usb.ErrClosed
	}
	n, err := openWhenAllowed(ctx, s.nodePath(info))
	if errors.Is(err, usb.ErrNotFound) {
		err = &usb.OpError{Op: "open", Object: info.String(), Err: usb.ErrGone}
	}
	if err != nil {
		return nil, err
	}
	d := &Device{
		info: info, node: n,
		gone: make(chan struct{}), closing: make(chan struct{}), turn: make(chan struct{}, 1),
		claims: make(map[uint8]*claim), detached: make(map[uint8]bool),
	}
	if err := d.open(); err != nil {
		d.free()
		return nil, &usb.OpError{Op: "open", Object: info.String(), Err: err}
	}
	return d, nil
}

func openWhenAllowed(ctx context.Context, path string) (*node, error) {
	const pause = 20 * time.Millisecond // nothing tells when udev is done
	deadline := time.Now().Add(nodeWait)
	for {
		n, err := openNode(path)
		if !errors.Is(err, usb.ErrAccess) || time.Now().After(deadline) {
			return n, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

// open finishes a Device that has its node: it checks that the device is the one
// that was asked for, reads what the kernel knows of it and starts to wait for its end.
func (d *Device) open() error {
	var err error
	if d.descriptor, d.raw, err = d.node.descriptors(); err != nil {
		return err
	}
	desc, err := usb.ParseDevice(d.descriptor)
	if err != nil {
		return err
	}
	want := d.info.Descriptor
	if desc.VendorID != want.VendorID || desc.ProductID != want.ProductID || desc.Release != want.Release {
		return usb.ErrGone
	}
	d.configs = parsed(d.raw)
	if d.active, err = activeConfig(filepath.Join(sysDevices, d.info.Port)); err != nil {
		return usb.ErrGone // it has left sysfs
	}
	if d.watcher, err = poll.New(); err != nil {
		return err
	}
	d.running.Go(d.watch)
	return nil
}

// activeConfig reads from a device's directory in sysfs which configuration it has: none
// when that is empty.
func activeConfig(dir string) (uint8, error) {
	b, err := os.ReadFile(filepath.Join(dir, "bConfigurationValue"))
	word := strings.TrimSpace(string(b))
	if err != nil || word == "" {
		return 0, reason(err)
	}
	n, err := strconv.ParseUint(word, 10, 8)
	return uint8(n), err
}

// parsed gives configurations by their numbers. Of two with the same the first counts.
func parsed(raw [][]byte) map[uint8]*usb.Config {
	configs := make(map[uint8]*usb.Config)
	for _, b := range raw {
		if c, err := usb.ParseConfig(b); err == nil && configs[c.Value] == nil {
			configs[c.Value] = c
		}
	}
	return configs
}

// Descriptor is usb.Cache's: what the kernel has read.
func (d *Device) Descriptor(typ, index uint8) []byte {
	switch {
	case typ == usb.DescDevice:
		return d.descriptor
	case typ == usb.DescConfiguration && int(index) < len(d.raw):
		return d.raw[index]
	}
	return nil
}

// config gives the current configuration, an empty one for none.
func (d *Device) config() *usb.Config {
	if c := d.configs[d.active]; c != nil {
		return c
	}
	return &usb.Config{}
}

// withHandle opens the device with libusb for one call, in a context of its own: one
// context learns of later changes only from udevd, which a container or a small system
// lacks. It is not kept open because gousb looks ten times a second, for each context,
// whether there is something to do, which also wakes the watchdog of Go's runtime:
// with four interfaces that were up and idle, 229 wake-ups a second instead of 47 (in
// the guest of scripts/vm).
//
// gousb needs up to a tenth of a second to close a context, for which only Close waits.
func (d *Device) withHandle(call func(*gousb.Device) error) error {
	return guard(func() error {
		c := gousb.NewContext()
		var found []*gousb.Device
		defer func() { // also when gousb panics
			d.running.Go(func() {
				for _, h := range found {
					_ = h.Close()
				}
				_ = c.Close()
			})
		}()
		found, err := c.OpenDevices(func(desc *gousb.DeviceDesc) bool {
			return desc.Bus == d.info.Bus && desc.Address == d.info.Address
		})
		if len(found) == 0 {
			if err == nil {
				err = usb.ErrGone
			}
			return reason(err)
		}
		return reason(call(found[0]))
	})
}

// watch waits until the device is pulled, which usbfs shows as POLLHUP, or until
// Close wakes it. No kernel event is needed for that, and so it works in a
// container too.
func (d *Device) watch() {
	place := d.watcher.Add(d.node.fd, 0)
	for {
		if err := d.watcher.Wait(-1); err != nil {
			return
		}
		if d.watcher.Ready(place)&(unix.POLLHUP|unix.POLLERR) != 0 {
			close(d.gone)
			return
		}
		select {
		case <-d.closing:
			return
		default:
		}
	}
}

// Info gives what the device was opened with.
func (d *Device) Info() usb.DeviceInfo { return d.info }

// Gone is closed when the device has been pulled.
func (d *Device) Gone() <-chan struct{} { return d.gone }

// take waits for the turn to make a request; done gives it back.
func (d *Device) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return ended(ctx)
	}
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return ended(ctx)
	case <-d.closing:
		return usb.ErrClosed
	case <-d.gone:
		return usb.ErrGone
	}
	err := d.alive()
	if err != nil {
		d.done()
	}
	return err
}

func (d *Device) done() { <-d.turn }

// alive fails when the device is closed or gone.
func (d *Device) alive() error {
	select {
	case <-d.closing:
		return usb.ErrClosed
	default:
	}
	select {
	case <-d.gone:
		return usb.ErrGone
	default:
		return nil
	}
}

// failed wraps what went wrong with a request.
func (d *Device) failed(op, what string, err error) error {
	return &usb.OpError{Op: op, Object: what + " of " + d.info.String(), Err: err}
}

// Close waits for the request that is being made, closes the queues, gives the
// interfaces back, then their drivers, and closes the device.
func (d *Device) Close() error {
	d.closed.Do(func() {
		close(d.closing)
		d.turn <- struct{}{}
		defer d.done()
		for _, c := range d.claims {
			c.close()
		}
		clear(d.claims)
		d.giveBack()
		d.free()
	})
	return nil
}

// free undoes open, as far as it came.
func (d *Device) free() {
	if d.watcher != nil {
		d.watcher.Wake()
	}
	d.running.Wait()
	if d.watcher != nil {
		_ = d.watcher.Close()
	}
	_ = d.node.Close()
}
