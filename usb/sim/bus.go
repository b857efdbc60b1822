package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"io-pkt/usb"
)

// A Bus is a usb.Stack of simulated devices. All methods may be called by
// several goroutines.
type Bus struct {
	number int

	mu      sync.Mutex // taken before a Device's
	ports   []port
	address int           // the last one given out
	change  chan struct{} // closed at a change
	closed  bool
}

// A port keeps its device's place while it is pulled.
type port struct {
	dev     *Device
	present bool
	info    usb.DeviceInfo
}

// maxPorts bounds a bus: addresses have 7 bits (USB 2.0, 8.3.2.1).
const maxPorts = 127

// NewBus makes a bus without devices. number is what lsusb prints as Bus.
func NewBus(number int) *Bus {
	return &Bus{number: number, change: make(chan struct{})}
}

// Plug plugs a device in, the first time into the next free port, later into
// the same one again. The bus owns the device from then on. It fails with
// ErrBusy when the device is plugged in already, and ErrInvalid when the bus is
// full.
func (b *Bus) Plug(d *Device) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.findLocked(d)
	switch {
	case b.closed:
		return fmt.Errorf("plug into bus %d: %w", b.number, usb.ErrClosed)
	case i >= 0 && b.ports[i].present:
		return fmt.Errorf("plug into port %s: %w", b.ports[i].info.Port, usb.ErrBusy)
	}
	if i < 0 {
		if i = b.findLocked(nil); i < 0 {
			i = len(b.ports)
		}
	}
	if i == maxPorts {
		return fmt.Errorf("plug into bus %d, which has no free port: %w", b.number, usb.ErrInvalid)
	}
	info := usb.DeviceInfo{
		Bus: b.number, Address: b.freeAddressLocked(), Port: fmt.Sprintf("%d-%d", b.number, i+1),
		Speed: d.speed, Descriptor: d.desc.Device,
	}
	if err := d.attach(b, info); err != nil {
		return fmt.Errorf("plug into port %s: %w", info.Port, err)
	}
	if i == len(b.ports) {
		b.ports = append(b.ports, port{})
	}
	b.ports[i] = port{dev: d, present: true, info: info}
	b.address = info.Address
	b.changedLocked()
	return nil
}

// Pull pulls a device: what is in flight ends with ErrGone. It fails with
// ErrNotFound when the device is not plugged in here.
func (b *Bus) Pull(d *Device) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.findLocked(d)
	if i < 0 || !b.ports[i].present {
		return fmt.Errorf("pull from bus %d: %w", b.number, usb.ErrNotFound)
	}
	b.ports[i].present = false
	d.detach()
	b.changedLocked()
	return nil
}

// remove pulls a device and forgets it. Its port stays free, so that those of
// the others keep their numbers.
func (b *Bus) remove(d *Device) {
	_ = b.Pull(d) // it may have been pulled before
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.findLocked(d); i >= 0 {
		b.ports[i].dev = nil
	}
}

func (b *Bus) findLocked(d *Device) int {
	return slices.IndexFunc(b.ports, func(p port) bool { return p.dev == d })
}

// freeAddressLocked gives the address after the last one that is not in use, so
// that a device that was plugged in again is told from what it was before.
func (b *Bus) freeAddressLocked() int {
	for a := b.address%maxPorts + 1; ; a = a%maxPorts + 1 {
		if !slices.ContainsFunc(b.ports, func(p port) bool { return p.present && p.info.Address == a }) {
			return a
		}
	}
}

func (b *Bus) changedLocked() {
	close(b.change)
	b.change = make(chan struct{})
}

// Devices is usb.Stack's.
func (b *Bus) Devices(context.Context) ([]usb.DeviceInfo, error) {
	list, _, err := b.look()
	slices.SortFunc(list, func(x, y usb.DeviceInfo) int { return x.Address - y.Address })
	return list, err
}

// look lists what is present, and gives a channel that is closed when that
// changes.
func (b *Bus) look() ([]usb.DeviceInfo, <-chan struct{}, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, nil, fmt.Errorf("bus %d: %w", b.number, usb.ErrClosed)
	}
	var list []usb.DeviceInfo
	for _, p := range b.ports {
		if p.present {
			list = append(list, p.info)
		}
	}
	return list, b.change, nil
}

// Watch is usb.Stack's.
func (b *Bus) Watch(ctx context.Context, f func(usb.Event)) error {
	var known []usb.DeviceInfo
	for {
		now, change, err := b.look()
		if err != nil {
			return err
		}
		for _, d := range known {
			if !slices.Contains(now, d) {
				f(usb.Event{Device: d})
			}
		}
		for _, d := range now {
			if !slices.Contains(known, d) {
				f(usb.Event{Present: true, Device: d})
			}
		}
		known = now
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Open is usb.Stack's.
func (b *Bus) Open(_ context.Context, info usb.DeviceInfo) (usb.Device, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, fmt.Errorf("open %v: %w", info, usb.ErrClosed)
	}
	for _, p := range b.ports {
		if p.present && p.info == info {
			return p.dev.open(info)
		}
	}
	return nil, &usb.OpError{Op: "open", Object: info.String(), Err: usb.ErrGone}
}

// Close pulls and closes all devices that were ever plugged in, and ends what
// watches. It may be called more than once.
func (b *Bus) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	b.changedLocked()
	ports := slices.Clone(b.ports)
	b.mu.Unlock()

	var first error
	for _, p := range ports {
		if p.dev == nil {
			continue
		}
		if err := p.dev.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
