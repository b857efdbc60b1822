package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gousb"
	"golang.org/x/sys/unix"

	"io-pkt/internal/proctest"
	"io-pkt/usb"
)

// These tests need no USB on the machine.

func TestOpenWithoutBus(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, usb.ErrNotFound) {
		t.Errorf("Open of no directory: error %v, want %v", err, usb.ErrNotFound)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("Open of a file works")
	}
}

// Whatever this machine has: an empty bus has no devices, and there
// is no panic.
func TestEmptyBus(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "io-usb")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	s, err := Open(link)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if all, err := s.Devices(t.Context()); err == nil && len(all) > 0 {
		t.Errorf("devices on an empty bus: %v", all)
	}
	_, err = s.Open(t.Context(), usb.DeviceInfo{Bus: 1, Address: 2})
	if !errors.Is(err, usb.ErrGone) {
		t.Errorf("Open of no device: error %v, want %v", err, usb.ErrGone)
	}
}

// Devices are what sysfs has whole, in order, whatever stands between.
func TestList(t *testing.T) {
	sys := t.TempDir()
	device := usb.DeviceDescriptor{Class: 9, VendorID: 0x1d6b, ProductID: 2, Release: 0x0612, NumConfigurations: 1}
	for _, d := range []struct{ port, bus, address, speed, descriptors string }{
		{"2-1.4", "2", "10", "480", string(device.Bytes()) + "\x09\x02 "},
		{"2-1", "2", "9", "12", string(device.Bytes())},
		{"usb2", "2", "1", "20000", string(device.Bytes())},
		{"1-1", "1", "5", "53.3-480", string(device.Bytes())},
		{"2-1:1.0", "2", "8", "12", string(device.Bytes())},
		{"1-2", "1", "6", "12", "short"},
		{"1-3", "", "7", "12", string(device.Bytes())},
		{"1-4", "1", "x", "12", string(device.Bytes())},
	} {
		for name, text := range map[string]string{"busnum": d.bus, "devnum": d.address, "speed": d.speed, "descriptors": d.descriptors} {
			path := filepath.Join(sys, d.port, name)
			if name != "descriptors" {
				text += "\n"
			}
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Mkdir(filepath.Join(sys, "2-2"), 0o755); err != nil { // it is just going
		t.Fatal(err)
	}
	got, err := list(sys)
	want := []usb.DeviceInfo{
		{Bus: 1, Address: 5, Port: "1-1", Descriptor: device},
		{Bus: 2, Address: 1, Speed: usb.SpeedSuperPlus, Descriptor: device},
		{Bus: 2, Address: 9, Port: "2-1", Speed: usb.SpeedFull, Descriptor: device},
		{Bus: 2, Address: 10, Port: "2-1.4", Speed: usb.SpeedHigh, Descriptor: device},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A device may have no configuration yet.
func TestActiveConfig(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]uint8{"\n": 0, "2\n": 2, "255\n": 255} {
		if err := os.WriteFile(filepath.Join(dir, "bConfigurationValue"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := activeConfig(dir); got != want || err != nil {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	if _, err := activeConfig(filepath.Join(dir, "none")); !errors.Is(err, usb.ErrNotFound) {
		t.Errorf("of a device that has gone: %v", err)
	}
}

// What the kernel has read of a device is its descriptor and all configurations, one
// behind the other.
func TestDescriptors(t *testing.T) {
	config := func(value, interfaces byte, claimed uint16) []byte {
		b := []byte{9, 2, byte(claimed), byte(claimed >> 8), interfaces, value, 0, 0x80, 1}
		for i := range interfaces {
			b = append(b, 9, 4, i, 0, 0, 0xff, 0, 0, 0)
		}
		return b
	}
	device := usb.DeviceDescriptor{VendorID: 0x1d6b, ProductID: 0x104, NumConfigurations: 4}
	text := slices.Concat(device.Bytes(), config(1, 2, 27), config(2, 1, 18), config(1, 1, 18), config(4, 1, 60000))
	path := filepath.Join(t.TempDir(), "node")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := openNode(path)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	got, raw, err := n.descriptors()
	if !bytes.Equal(got, device.Bytes()) || err != nil {
		t.Fatalf("% x, %v", got, err)
	}
	d := &Device{descriptor: got, raw: raw} // of which none is asked
	if read, err := usb.ReadDevice(t.Context(), d); read != device || err != nil {
		t.Errorf("%+v, %v", read, err)
	}
	for i, want := range [][]byte{config(1, 2, 27), config(2, 1, 18), config(1, 1, 18), append(config(4, 1, 60000), make([]byte, 60000-18)...)} {
		if read, err := usb.ReadConfig(t.Context(), d, uint8(i)); !bytes.Equal(read, want) || err != nil {
			t.Errorf("configuration %d: %d bytes, %v", i, len(read), err)
		}
	}
	if d.Descriptor(usb.DescConfiguration, 4) != nil || d.Descriptor(usb.DescString, 0) != nil {
		t.Error("it has descriptors that the kernel has not read")
	}
	device.NumConfigurations = 255
	many := slices.Concat(device.Bytes(), slices.Repeat(config(1, 1, 18), 255))
	if err := os.WriteFile(path, many, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, all, err := n.descriptors(); len(all) != maxConfigs || err != nil {
		t.Errorf("of a device with 255 configurations: %d, %v", len(all), err)
	}
	numbers := make(map[uint8][]uint8)
	for value, c := range parsed(raw) {
		numbers[value] = interfaces(c)
	}
	if diff := cmp.Diff(map[uint8][]uint8{1: {0, 1}, 2: {0}, 4: {0}}, numbers); diff != "" {
		t.Errorf("interfaces (-want +got):\n%s", diff)
	}
}

// A node that is not ours is waited for, and then named.
func TestOpenWithoutPermission(t *testing.T) {
	dir := t.TempDir()
	node := filepath.Join(dir, "001", "002")
	if err := errors.Join(os.Mkdir(filepath.Dir(node), 0o755), os.WriteFile(node, nil, 0)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	proctest.AsNobody(func() { _, err = s.Open(t.Context(), usb.DeviceInfo{Bus: 1, Address: 2}) })
	if !errors.Is(err, usb.ErrAccess) || !strings.Contains(err.Error(), node) {
		t.Errorf("error %v, want %v naming %s", err, usb.ErrAccess, node)
	}
}

func TestGuard(t *testing.T) {
	for _, test := range []struct {
		name string
		call func() error
		want error
	}{
		{"no error", func() error { return nil }, nil},
		{"error", func() error { return fs.ErrInvalid }, fs.ErrInvalid},
		{"panic with an error", func() error { panic(gousb.ErrorAccess) }, usb.ErrAccess},
		{"panic with an index", func() error { _ = os.Args[len(os.Args)]; return nil }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := reason(guard(test.call))
			if test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if failed, want := err != nil, test.name != "no error"; failed != want {
				t.Errorf("error: %v", err)
			}
		})
	}
}

func TestReason(t *testing.T) {
	for _, test := range []struct{ err, want error }{
		{unix.ENODEV, usb.ErrGone},
		{unix.EPIPE, usb.ErrStall},
		{unix.EPROTO, usb.ErrProtocol},
		{unix.EOVERFLOW, usb.ErrOverflow},
		{unix.ETIMEDOUT, usb.ErrTimeout},
		{unix.ENOMEM, unix.ENOMEM},
		{fmt.Errorf("deep down: %w", unix.EPERM), usb.ErrAccess},
		{gousb.ErrorPipe, usb.ErrStall},
		{gousb.ErrorNoDevice, usb.ErrGone},
		{gousb.ErrorOther, gousb.ErrorOther},
		{usb.ErrBusy, usb.ErrBusy},
		{nil, nil},
	} {
		if got := reason(test.err); got != test.want {
			t.Errorf("reason(%v) = %v, want %v", test.err, got, test.want)
		}
	}
}

func TestReserved(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup usb.Setup
		want  bool
	}{
		{"SET_CONFIGURATION", usb.Setup{Request: usb.ReqSetConfiguration}, true},
		{"SET_INTERFACE", usb.Setup{RequestType: usb.RecipientInterface, Request: usb.ReqSetInterface}, true},
		{"SET_ADDRESS", usb.Setup{Request: usb.ReqSetAddress}, true},
		{"CLEAR_FEATURE ENDPOINT_HALT", usb.Setup{RequestType: usb.RecipientEndpoint, Request: usb.ReqClearFeature}, true},
		{"CLEAR_FEATURE of the device", usb.Setup{Request: usb.ReqClearFeature, Value: 1}, false},
		{"SET_FEATURE ENDPOINT_HALT", usb.Setup{RequestType: usb.RecipientEndpoint, Request: usb.ReqSetFeature}, false},
		{"GET_DESCRIPTOR", usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetDescriptor}, false},
		{"a class request with the same number", usb.Setup{RequestType: usb.TypeClass, Request: usb.ReqSetConfiguration}, false},
	} {
		if got := reserved(test.setup); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestTimeLeft(t *testing.T) {
	if got := timeLeft(context.Background()); got != usb.ControlTimeout {
		t.Errorf("without a deadline: %v, want %v", got, usb.ControlTimeout)
	}
	past, cancel := context.WithDeadline(context.Background(), time.Now())
	defer cancel()
	if got := timeLeft(past); got != time.Millisecond {
		t.Errorf("in the past: %v, want 1ms, as 0 is for ever", got)
	}
}

func TestMemory(t *testing.T) {
	m := memory{fd: -1} // where usbfs gives nothing
	defer m.close()
	var all [][]byte
	for i, size := range []int{1, 63, 64, 65, 2048, areaSize - 100, areaSize, areaSize + 1, usb.MaxTransfer, 0} {
		b, err := m.alloc(size)
		if err != nil || len(b) != size || cap(b) != size {
			t.Fatalf("alloc(%d): %d of %d bytes, %v", size, len(b), cap(b), err)
		}
		for j := range b {
			b[j] = byte(i + 1)
		}
		all = append(all, b)
	}
	for i, b := range all {
		if bytes.Count(b, []byte{byte(i + 1)}) != len(b) {
			t.Errorf("buffer %d of %d bytes was written to by another", i, len(b))
		}
	}
}

func TestCompare(t *testing.T) {
	at := func(address int, port string) usb.DeviceInfo {
		return usb.DeviceInfo{Bus: 1, Address: address, Port: port}
	}
	for _, test := range []struct {
		name        string
		before, now []usb.DeviceInfo
		want        []usb.Event
	}{
		{"nothing", nil, nil, nil},
		{"first look", nil, []usb.DeviceInfo{at(2, "1-1"), at(3, "1-2")},
			[]usb.Event{{Present: true, Device: at(2, "1-1")}, {Present: true, Device: at(3, "1-2")}}},
		{"no change", []usb.DeviceInfo{at(2, "1-1")}, []usb.DeviceInfo{at(2, "1-1")}, nil},
		{"all pulled", []usb.DeviceInfo{at(3, "1-2"), at(2, "1-1")}, nil,
			[]usb.Event{{Device: at(2, "1-1")}, {Device: at(3, "1-2")}}},
		{"plugged again between two looks", []usb.DeviceInfo{at(2, "1-1")}, []usb.DeviceInfo{at(3, "1-1")},
			[]usb.Event{{Device: at(2, "1-1")}, {Present: true, Device: at(3, "1-1")}}},
		{"address used again", []usb.DeviceInfo{at(2, "1-1")}, []usb.DeviceInfo{at(2, "1-2")},
			[]usb.Event{{Device: at(2, "1-1")}, {Present: true, Device: at(2, "1-2")}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			known := make(map[[2]int]usb.DeviceInfo)
			compare(known, test.before, func(usb.Event) {})
			var got []usb.Event
			changed := compare(known, test.now, func(e usb.Event) { got = append(got, e) })
			if diff := cmp.Diff(test.want, got); diff != "" || changed != (len(got) > 0) {
				t.Errorf("changed %v, events (-want +got):\n%s", changed, diff)
			}
			if changed = compare(known, test.now, func(usb.Event) {}); changed || len(known) != len(test.now) {
				t.Errorf("a second look sees changes; known are %v", known)
			}
		})
	}
}

// Whatever a message holds, it counts if it has the two words, whole.
func FuzzAboutDevice(f *testing.F) {
	f.Add([]byte("add@/devices/platform/dummy_hcd.0/usb1/1-1\x00ACTION=add\x00SUBSYSTEM=usb\x00DEVTYPE=usb_device\x00BUSNUM=001\x00DEVNUM=002\x00"))
	f.Add([]byte("add@/x\x00SUBSYSTEM=usb\x00DEVTYPE=usb_interface\x00"))
	f.Add([]byte("libudev\x00\xfe\xed\xca\xfe"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, message []byte) {
		words := strings.Split(string(message), "\x00")
		want := slices.Contains(words, "SUBSYSTEM=usb") && slices.Contains(words, "DEVTYPE=usb_device")
		if got := aboutDevice(message); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
