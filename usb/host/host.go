package host

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/gousb"

	"io-pkt/usb"
)

// sysDevices is where the kernel shows the descriptors of devices by their port.
const sysDevices = "/sys/bus/usb/devices"

// A Stack is the machine's bus, or the part of it that its directory shows.
type Stack struct {
	dir string

	mu       sync.Mutex
	closed   bool
	nextID   int
	watchers map[int]context.CancelCauseFunc
}

var _ usb.Stack = (*Stack)(nil)

// Open opens the bus behind dir, a directory in usbfs layout
// (/dev/bus/usb, with BBB/DDD below) or a link to one. What has no node there is
// not listed: that is how a container is given some devices and not others.
// libusb itself always works through /dev/bus/usb.
func Open(dir string) (*Stack, error) {
	path, err := filepath.EvalSymlinks(dir)
	if err == nil {
		_, err = os.ReadDir(path)
	}
	if err != nil {
		return nil, &usb.OpError{Op: "open", Object: "USB bus " + dir, Err: reason(err)}
	}
	return &Stack{dir: path, watchers: make(map[int]context.CancelCauseFunc)}, nil
}

// Close ends every Watch; all methods fail with usb.ErrClosed from then on. Open
// devices stay open.
func (s *Stack) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, cancel := range s.watchers {
		cancel(usb.ErrClosed)
	}
	clear(s.watchers)
	return nil
}

// Devices lists the devices now present. Root hubs are part of the host
// controller and are left out, and so is a device whose descriptors libusb
// cannot make sense of.
func (s *Stack) Devices(ctx context.Context) ([]usb.DeviceInfo, error) {
	if s.isClosed() {
		return nil, usb.ErrClosed
	}
	found, _, err := s.look(ctx)
	return found, err
}

func (s *Stack) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// look lists the devices that have a node in the bus directory, and reports
// whether libusb knows the devices of all nodes there are.
func (s *Stack) look(ctx context.Context) (found []usb.DeviceInfo, settled bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	all, err := list()
	if err != nil {
		return nil, false, &usb.OpError{Op: "list", Object: "USB bus " + s.dir, Err: reason(err)}
	}
	nodes, _ := filepath.Glob(filepath.Join(s.dir, "[0-9][0-9][0-9]", "[0-9][0-9][0-9]"))
	for _, i := range all {
		at := slices.Index(nodes, s.nodePath(i))
		if at < 0 {
			continue // just gone, or not for us
		}
		nodes = slices.Delete(nodes, at, at+1)
		if i.Port != "" {
			found = append(found, i)
		}
	}
	return found, len(nodes) == 0, nil
}

// list asks libusb for all devices, ordered, root hubs with an empty Port. It
// does so in a context of its own: a context learns of later changes only from
// udevd, which a container or a small system lacks.
func list() ([]usb.DeviceInfo, error) {
	var found []usb.DeviceInfo
	err := guard(func() error {
		ctx := gousb.NewContext()
		defer ctx.Close()
		_, err := ctx.OpenDevices(func(d *gousb.DeviceDesc) bool {
			found = append(found, describe(d))
			return false
		})
		return err
	})
	if err != nil && len(found) == 0 {
		return nil, err
	}
	// An error behind the first device is about one device, mostly because it
	// has just been pulled; the others are all there.
	slices.SortFunc(found, func(a, b usb.DeviceInfo) int {
		return cmp.Or(cmp.Compare(a.Bus, b.Bus), cmp.Compare(a.Address, b.Address))
	})
	return found, nil
}

// describe puts libusb's description into ours.
func describe(d *gousb.DeviceDesc) usb.DeviceInfo {
	port := portName(d)
	return usb.DeviceInfo{
		Bus: d.Bus, Address: d.Address, Port: port,
		Speed: speed(d.Speed), Descriptor: deviceDescriptor(port, d),
	}
}

// portName gives a device the name that sysfs and usbip have for its place. A
// root hub has none here.
func portName(d *gousb.DeviceDesc) string {
	if len(d.Path) == 0 {
		return ""
	}
	hops := make([]string, len(d.Path))
	for i, p := range d.Path {
		hops[i] = strconv.Itoa(p)
	}
	return fmt.Sprintf("%d-%s", d.Bus, strings.Join(hops, "."))
}

// speed: libusb counts on after SpeedHigh, the kernel leaves a gap for wireless.
func speed(s gousb.Speed) usb.Speed {
	const superPlus = gousb.SpeedSuper + 1
	switch s {
	case gousb.SpeedLow, gousb.SpeedFull, gousb.SpeedHigh:
		return usb.Speed(s)
	case gousb.SpeedSuper:
		return usb.SpeedSuper
	case superPlus:
		return usb.SpeedSuperPlus
	}
	return usb.SpeedUnknown
}

// deviceDescriptor takes the device descriptor from sysfs, since gousb keeps the
// string indexes to itself; without sysfs it does without them. Reading it from
// the node instead would wake every suspended device on the bus.
func deviceDescriptor(port string, d *gousb.DeviceDesc) usb.DeviceDescriptor {
	if f, err := os.Open(filepath.Join(sysDevices, port, "descriptors")); err == nil {
		defer f.Close()
		b := make([]byte, usb.DeviceDescriptorSize)
		n, _ := f.Read(b)
		if desc, err := usb.ParseDevice(b[:n]); err == nil && desc.VendorID == uint16(d.Vendor) && desc.ProductID == uint16(d.Product) {
			return desc
		}
	}
	return usb.DeviceDescriptor{
		USBVersion: uint16(d.Spec), Class: uint8(d.Class), SubClass: uint8(d.SubClass), Protocol: uint8(d.Protocol),
		MaxPacketSize0: uint8(d.MaxControlPacketSize), VendorID: uint16(d.Vendor), ProductID: uint16(d.Product),
		Release: uint16(d.Device), NumConfigurations: uint8(len(d.Configs)),
	}
}

// nodePath names a device's node.
func (s *Stack) nodePath(i usb.DeviceInfo) string {
	return filepath.Join(s.dir, fmt.Sprintf("%03d", i.Bus), fmt.Sprintf("%03d", i.Address))
}
