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
// controller and are left out.
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
// whether sysfs has the devices of all nodes there are.
func (s *Stack) look(ctx context.Context) (found []usb.DeviceInfo, settled bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	all, err := list(sysDevices)
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

// list reads from sysfs what devices there are, ordered, root hubs with an empty Port.
// gousb's list would do, but it panics at a device whose descriptors name an interface
// twice, and all behind that one would be hidden.
func list(sys string) ([]usb.DeviceInfo, error) {
	entries, err := os.ReadDir(sys)
	if err != nil {
		return nil, err
	}
	var found []usb.DeviceInfo
	for _, e := range entries {
		if strings.Contains(e.Name(), ":") {
			continue // an interface
		}
		// One that cannot be read has just gone.
		if i, err := describe(filepath.Join(sys, e.Name())); err == nil {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b usb.DeviceInfo) int {
		return cmp.Or(cmp.Compare(a.Bus, b.Bus), cmp.Compare(a.Address, b.Address))
	})
	return found, nil
}

// describe reads the directory that sysfs has for a device, by the name of its port, as
// usbip calls it, too; or usbN for a root hub (Linux, Documentation/ABI: sysfs-bus-usb).
func describe(dir string) (i usb.DeviceInfo, err error) {
	if i.Port = filepath.Base(dir); strings.HasPrefix(i.Port, "usb") {
		i.Port = ""
	}
	read := func(name string) []byte {
		b, e := os.ReadFile(filepath.Join(dir, name))
		err = cmp.Or(err, e)
		return b
	}
	word := func(name string) string { return strings.TrimSpace(string(read(name))) }
	i.Speed = speeds[word("speed")]
	bus, device := word("busnum"), word("devnum")
	descriptor := read("descriptors") // the node's would wake every suspended device on the bus
	if err != nil {
		return i, err
	}
	if i.Bus, err = strconv.Atoi(bus); err != nil {
		return i, err
	}
	if i.Address, err = strconv.Atoi(device); err != nil {
		return i, err
	}
	i.Descriptor, err = usb.ParseDevice(descriptor)
	return i, err
}

// speeds are sysfs' words, in Mb/s. What is faster is good for the same.
var speeds = map[string]usb.Speed{
	"1.5": usb.SpeedLow, "12": usb.SpeedFull, "480": usb.SpeedHigh,
	"5000": usb.SpeedSuper, "10000": usb.SpeedSuperPlus, "20000": usb.SpeedSuperPlus,
}

// nodePath names a device's node.
func (s *Stack) nodePath(i usb.DeviceInfo) string {
	return filepath.Join(s.dir, fmt.Sprintf("%03d", i.Bus), fmt.Sprintf("%03d", i.Address))
}
