package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// seize claims an interface on n and notes which interfaces lost their kernel
// driver by it.
func (d *Device) seize(n *node, c *claim) error {
	bound := d.bound(d.config())
	if err := n.claim(c.number); err != nil {
		return d.holder(c.number, err)
	}
	for _, i := range bound {
		if name := d.node.driver(i); i == c.number || name == "" {
			d.detached[i] = true
		}
	}
	return nil
}

// bound lists the interfaces that have a kernel driver.
func (d *Device) bound(cfg *usb.Config) []uint8 {
	return slices.DeleteFunc(interfaces(cfg), func(i uint8) bool {
		name := d.node.driver(i)
		return name == "" || name == usbfsDriver
	})
}

// interfaces lists the numbers of a configuration's interfaces.
func interfaces(cfg *usb.Config) (numbers []uint8) {
	for _, s := range cfg.Settings {
		numbers = append(numbers, s.Interface)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// holder explains why an interface cannot be had, naming who has it.
func (d *Device) holder(iface uint8, err error) error {
	if !errors.Is(err, unix.EBUSY) {
		return reason(err)
	}
	switch name := d.node.driver(iface); name {
	case "":
		return usb.ErrBusy
	case usbfsDriver:
		return fmt.Errorf("%w by another program, through usbfs", usb.ErrBusy)
	default:
		return fmt.Errorf("%w by the kernel's driver %s", usb.ErrBusy, name)
	}
}

// freeAll takes the kernel's drivers off all interfaces, which the kernel wants
// before it changes the configuration.
func (d *Device) freeAll(cfg *usb.Config) error {
	for _, iface := range interfaces(cfg) {
		switch d.node.driver(iface) {
		case "":
		case usbfsDriver:
			d.giveBack()
			return d.holder(iface, unix.EBUSY)
		default:
			d.detached[iface] = true
			if err := d.node.disconnect(iface); err != nil && !errors.Is(err, unix.ENODATA) {
				d.giveBack()
				return reason(err)
			}
		}
	}
	return nil
}

// giveBack lets the kernel's drivers have the interfaces again that they lost
// and that we do not hold now. A driver that wants two of them, such as
// cdc_ether, refuses until both are free: what finds no driver is tried again
// at the next release, until nothing is claimed any more.
func (d *Device) giveBack() {
	for _, iface := range slices.Sorted(maps.Keys(d.detached)) {
		if d.claims[iface] == nil && d.node.connect(iface) {
			delete(d.detached, iface)
		}
	}
	if len(d.claims) == 0 {
		clear(d.detached)
	}
}
