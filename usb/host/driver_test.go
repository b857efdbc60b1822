package host

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"io-pkt/usb"
)

// The gadget's interfaces in configuration 1.
const (
	ecmControl = 0
	ecmData    = 1
	acmData    = 3
)

// plugged plugs the gadget in and opens it.
func plugged(t *testing.T) *Device {
	t.Helper()
	needGadget(t)
	plugGadget(t)
	t.Cleanup(func() { pullGadget(t) })
	return openGadget(t)
}

// openGadget opens the gadget, which may happen more than once at a time.
func openGadget(t *testing.T) *Device {
	t.Helper()
	s := openBus(t)
	t.Cleanup(func() { s.Close() })
	all, err := s.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if isGadget(i) {
			d, err := s.Open(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close() })
			return d.(*Device)
		}
	}
	t.Fatalf("no gadget in %v", all)
	return nil
}

// drivers reads from sysfs who drives the interfaces of configuration 1.
func drivers(d *Device) map[int]string {
	bound := make(map[int]string)
	for i := range 4 {
		link, err := os.Readlink(filepath.Join(sysDevices, d.info.Port+":1."+string(rune('0'+i)), "driver"))
		if err == nil {
			bound[i] = filepath.Base(link)
		}
	}
	return bound
}

// wantDrivers waits until the interfaces have these drivers: the kernel probes
// some of them a little later.
func wantDrivers(t *testing.T, d *Device, when string, want map[int]string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !maps.Equal(drivers(d), want) {
		if time.Now().After(deadline) {
			t.Fatalf("drivers %s (-got +want):\n%s", when, cmp.Diff(drivers(d), want))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

var (
	allBound    = map[int]string{0: "cdc_ether", 1: "cdc_ether", 2: "cdc_acm", 3: "cdc_acm"}
	ecmTaken    = map[int]string{0: "usbfs", 1: "usbfs", 2: "cdc_acm", 3: "cdc_acm"}
	dataTaken   = map[int]string{1: "usbfs", 2: "cdc_acm", 3: "cdc_acm"}
	controlLeft = map[int]string{0: "usbfs", 2: "cdc_acm", 3: "cdc_acm"}
)

// A modem's serial ports keep working, and its network interface goes back to
// the kernel, whatever the order.
func TestDriversAreGivenBack(t *testing.T) {
	d := plugged(t)
	step := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wantDrivers(t, d, "at first", allBound)

	step(d.Claim(ecmData))
	wantDrivers(t, d, "with the data interface claimed", dataTaken)
	step(d.Claim(ecmControl))
	wantDrivers(t, d, "with both claimed", ecmTaken)
	step(d.Release(ecmData))
	wantDrivers(t, d, "with the control interface claimed", controlLeft)
	step(d.Release(ecmControl))
	wantDrivers(t, d, "after Release", allBound)

	step(d.Claim(ecmControl))
	step(d.Claim(ecmData))
	wantDrivers(t, d, "with both claimed", ecmTaken)
	step(d.Close())
	wantDrivers(t, d, "after Close", allBound)
}

// Who has an interface is named.
func TestBusyNamesTheHolder(t *testing.T) {
	d := plugged(t)
	wantDrivers(t, d, "at first", allBound)
	getLineCoding := usb.Setup{RequestType: usb.DirIn | usb.TypeClass | usb.RecipientInterface, Request: 0x21, Index: acmData}
	_, err := d.Control(t.Context(), getLineCoding, make([]byte, 7))
	wantBusy(t, "request to a bound interface", err, "cdc_acm")

	if err := d.Claim(ecmData); err != nil {
		t.Fatal(err)
	}
	other := openGadget(t)
	wantBusy(t, "Claim", other.Claim(ecmData), "another program")
	wantBusy(t, "SetConfiguration", other.SetConfiguration(t.Context(), 2), "another program")
	wantDrivers(t, d, "after refusals", dataTaken)
}

func wantBusy(t *testing.T, what string, err error, holder string) {
	t.Helper()
	if !errors.Is(err, usb.ErrBusy) || !strings.Contains(err.Error(), holder) {
		t.Errorf("%s: error %v, want %v by %s", what, err, usb.ErrBusy, holder)
	}
}

// A configuration can be changed although the kernel's drivers are there, and
// back.
func TestSetConfiguration(t *testing.T) {
	d := plugged(t)
	wantDrivers(t, d, "at first", allBound)
	for _, value := range []uint8{2, 1, 2, 1} {
		if err := d.SetConfiguration(t.Context(), value); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1)
		if _, err := d.Control(t.Context(), usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetConfiguration}, b); err != nil || b[0] != value {
			t.Errorf("the device is in configuration %d (%v), want %d", b[0], err, value)
		}
	}
	wantDrivers(t, d, "after the changes", allBound)
	if err := d.SetConfiguration(t.Context(), 3); !errors.Is(err, usb.ErrNotFound) {
		t.Errorf("configuration 3: error %v, want %v", err, usb.ErrNotFound)
	}
	wantDrivers(t, d, "after a bad one", allBound)
}

// A request to an interface that nobody has claimed leaves it free.
func TestControlClaimsForTheRequest(t *testing.T) {
	d := plugged(t)
	if err := d.Claim(ecmControl); err != nil { // takes cdc_ether off the data interface
		t.Fatal(err)
	}
	wantDrivers(t, d, "with the control interface claimed", controlLeft)
	getInterface := usb.Setup{RequestType: usb.DirIn | usb.RecipientInterface, Request: usb.ReqGetInterface, Index: ecmData}
	alt := []byte{9}
	if _, err := d.Control(t.Context(), getInterface, alt); err != nil || alt[0] != 0 {
		t.Errorf("GET_INTERFACE: %d, %v; want 0", alt[0], err)
	}
	wantDrivers(t, d, "after the request", controlLeft)

	if err := d.Claim(ecmData); err != nil {
		t.Fatal(err)
	}
	if err := d.SetInterface(t.Context(), ecmData, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Control(t.Context(), getInterface, alt); err != nil || alt[0] != 1 {
		t.Errorf("GET_INTERFACE: %d, %v; want 1", alt[0], err)
	}
}
