package usbip

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"time"

	"io-pkt/usb"
)

// How long a list waits for one device to say what it is, and for all of them: less
// than a client waits for the list.
const (
	describeTimeout = time.Second
	listTimeout     = 3 * time.Second
)

// exports are the devices of a server, and who has them.
type exports struct {
	stack usb.Stack

	mu    sync.Mutex
	known map[usb.DeviceInfo]description // what devices have said of themselves, if they have
	taken map[usb.DeviceInfo]bool        // imported
}

// A description is the part of a device's record that only its descriptors
// say. A device that does not answer has the zero one.
type description struct {
	configuration uint8
	interfaces    [][3]uint8 // class, subclass, protocol
}

// list encodes an OP_REP_DEVLIST.
func (e *exports) list(ctx context.Context) ([]byte, error) {
	devices, err := e.stack.Devices(ctx)
	if err != nil {
		return nil, err
	}
	devices = devices[:min(len(devices), maxDevices)]
	e.retain(devices)
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	reply := appendOp(nil, opRepDevlist, statusOK)
	reply = binary.BigEndian.AppendUint32(reply, uint32(len(devices)))
	for _, info := range devices {
		d := e.describe(ctx, info)
		r := recordOf(info, d)
		reply = r.append(reply)
		for _, class := range d.interfaces {
			reply = append(reply, class[0], class[1], class[2], 0)
		}
	}
	return reply, nil
}

// find gives the device with this busid.
func (e *exports) find(ctx context.Context, busID string) (usb.DeviceInfo, error) {
	devices, err := e.stack.Devices(ctx)
	if err != nil {
		return usb.DeviceInfo{}, err
	}
	for _, info := range devices {
		if busIDOf(info) == busID {
			return info, nil
		}
	}
	return usb.DeviceInfo{}, fmt.Errorf("device %q: %w", busID, usb.ErrGone)
}

// describe asks a device that has not answered before.
func (e *exports) describe(ctx context.Context, info usb.DeviceInfo) description {
	e.mu.Lock()
	d, ok := e.known[info]
	e.mu.Unlock()
	if ok {
		return d
	}
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	d, err := e.look(ctx, info)
	if err != nil {
		return d
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if newer, ok := e.known[info]; ok {
		return newer // a session has been faster
	}
	e.known[info] = d
	return d
}

// look opens a device to see what it is.
func (e *exports) look(ctx context.Context, info usb.DeviceInfo) (d description, err error) {
	dev, err := e.stack.Open(ctx, info)
	if err != nil {
		return d, err
	}
	defer dev.Close()
	c, err := currentConfig(ctx, dev)
	if err == nil && c != nil {
		d = describeConfig(c)
	}
	return d, err
}

// describeConfig takes the first setting of each interface, as Linux does.
func describeConfig(c *usb.Config) description {
	d := description{configuration: c.Value}
	for _, s := range c.Settings {
		if s.Alternate == 0 {
			d.interfaces = append(d.interfaces, [3]uint8{s.Class, s.SubClass, s.Protocol})
		}
	}
	return d
}

// retain forgets devices that have gone.
func (e *exports) retain(devices []usb.DeviceInfo) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := make(map[usb.DeviceInfo]description, len(devices))
	for _, info := range devices {
		if d, ok := e.known[info]; ok {
			now[info] = d
		}
	}
	e.known = now
}

// update notes what a session has found or made of its device.
func (e *exports) update(info usb.DeviceInfo, c *usb.Config) {
	var d description
	if c != nil {
		d = describeConfig(c)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.known[info] = d
}

// take makes a device one client's own.
func (e *exports) take(info usb.DeviceInfo) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.taken[info] {
		return false
	}
	e.taken[info] = true
	return true
}

func (e *exports) giveBack(info usb.DeviceInfo) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.taken, info)
}

// currentConfig reads the configuration a device is in; nil when it is in none.
func currentConfig(ctx context.Context, dev usb.Device) (*usb.Config, error) {
	var value [1]byte
	n, err := dev.Control(ctx, usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetConfiguration}, value[:])
	if err != nil || n < 1 || value[0] == 0 {
		return nil, err
	}
	return findConfig(ctx, dev, value[0])
}

// findConfig reads the configuration with this bConfigurationValue.
func findConfig(ctx context.Context, dev usb.Device, value uint8) (*usb.Config, error) {
	for i := range min(dev.Info().Descriptor.NumConfigurations, maxConfigurations) {
		raw, err := usb.ReadConfig(ctx, dev, i)
		if err != nil {
			return nil, err
		}
		if c, err := usb.ParseConfig(raw); err == nil && c.Value == value {
			return c, nil
		}
	}
	return nil, fmt.Errorf("configuration %d of %v: %w", value, dev.Info(), usb.ErrNotFound)
}

// recordOf describes a device to clients.
func recordOf(info usb.DeviceInfo, d description) record {
	busID := busIDOf(info)
	return record{
		path: "/sys/bus/usb/devices/" + busID, busID: busID,
		bus: uint32(info.Bus), device: uint32(info.Address), speed: uint32(info.Speed),
		vendor: info.Descriptor.VendorID, product: info.Descriptor.ProductID, release: info.Descriptor.Release,
		class: info.Descriptor.Class, subClass: info.Descriptor.SubClass, protocol: info.Descriptor.Protocol,
		configuration: d.configuration, configurations: info.Descriptor.NumConfigurations,
		interfaces: uint8(min(len(d.interfaces), 0xff)),
	}
}

// busIDOf names a device on the wire: by its place if that fits.
func busIDOf(info usb.DeviceInfo) string {
	if info.Port != "" && len(info.Port) < busIDSize {
		return info.Port
	}
	return strconv.Itoa(info.Bus) + "-" + strconv.Itoa(info.Address)
}
