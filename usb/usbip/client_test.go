package usbip

import (
	"errors"
	"net"
	"path/filepath"
	"testing"

	"io-pkt/usb"
)

// A device that is open here is present, whether the server lists it or not:
// Linux's usbipd does not.
func TestDevicesHasWhatIsOpen(t *testing.T) {
	f := newFake(t, nil)
	s := f.dial(t)
	info := f.record.info()
	dev, err := s.Open(t.Context(), info)
	must(t, err)
	check := func(want int) {
		t.Helper()
		list, err := s.Devices(t.Context())
		if err != nil || len(list) != want || want > 0 && list[0] != info {
			t.Errorf("Devices: %v, %v; want %d", list, err, want)
		}
	}
	check(1)
	f.hideDevice.Store(true)
	check(1)
	must(t, dev.Close())
	check(0)
}

// A Stack stays usable when the server goes and comes back; a Watch ends.
func TestServerGoesAndComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usb")
	listen := func() net.Listener {
		l, err := net.Listen("unix", path)
		must(t, err)
		return l
	}
	r := newRigOn(t, listen())
	s := r.dial(t)
	present := make(chan usb.Event, 1)
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(t.Context(), func(e usb.Event) { present <- e }) }()
	if e := <-present; !e.Present {
		t.Errorf("first event: %+v", e)
	}
	must(t, r.server.Close())
	if err := <-ended; err == nil {
		t.Error("Watch ends without an error")
	}
	if _, err := s.Devices(t.Context()); err == nil {
		t.Error("Devices works without a server")
	}
	newRigOn(t, listen())
	if list, err := s.Devices(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("Devices of the next server: %v, %v", list, err)
	}
}

// A list that cannot be had does not end a Watch while a device is open here, whose own
// connection works.
func TestWatchOutlivesAList(t *testing.T) {
	f := newFake(t, nil)
	s := f.dial(t)
	dev, err := s.Open(t.Context(), f.record.info())
	must(t, err)
	events := make(chan usb.Event, 10)
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(t.Context(), func(e usb.Event) { events <- e }) }()
	<-events
	f.noList.Store(true)
	for refusals := 0; ; {
		select {
		case <-f.refused:
			if refusals++; refusals == 3 {
				must(t, dev.Close())
			}
		case e := <-events:
			t.Fatalf("an event without a list: %+v", e)
		case err := <-ended:
			if err == nil || refusals < 3 {
				t.Errorf("Watch ends after %d lists that could not be had: %v", refusals, err)
			}
			return
		}
	}
}

// Serve tells when its listener fails, and takes what is no socket for what it
// is.
func TestServeFails(t *testing.T) {
	r := newRig(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	if err := r.server.Serve(l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve on a closed listener: %v", err)
	}
	near, far := net.Pipe()
	defer near.Close()
	if _, err := newSocket(far); err == nil {
		t.Error("a pipe is taken for a socket")
	}
}

func TestInterval(t *testing.T) {
	for _, test := range []struct {
		speed     usb.Speed
		bInterval uint8
		want      uint32
	}{
		{usb.SpeedFull, 32, 32}, {usb.SpeedFull, 0, 1}, {usb.SpeedHigh, 1, 1}, {usb.SpeedHigh, 9, 256},
		{usb.SpeedHigh, 0, 1}, {usb.SpeedSuper, 200, 32768},
	} {
		if got := interval(test.speed, test.bInterval); got != test.want {
			t.Errorf("interval(%v, %d) = %d, want %d", test.speed, test.bInterval, got, test.want)
		}
	}
}
