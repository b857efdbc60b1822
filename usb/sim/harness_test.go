package sim

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A host is a minimal driver: it opens a device, brings its data path up and
// moves transfers.
type host struct {
	t      testing.TB
	bus    *Bus
	dev    *Device
	usb    usb.Device
	data   usb.Queue
	notify usb.Queue
	conf   *usb.Config
}

// plug makes a device on a bus of its own.
func plug(t testing.TB, c Config) *host {
	t.Helper()
	dev, err := NewDevice(c)
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, bus: NewBus(1), dev: dev}
	if err := h.bus.Plug(dev); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.bus.Close() })
	return h
}

// open opens the device.
func (h *host) open() {
	h.t.Helper()
	list, err := h.bus.Devices(h.t.Context())
	if err != nil || len(list) != 1 {
		h.t.Fatalf("Devices: %v, %v", list, err)
	}
	if h.usb, err = h.bus.Open(h.t.Context(), list[0]); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = h.usb.Close() })
	raw, err := usb.ReadConfig(h.t.Context(), h.usb, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	if h.conf, err = usb.ParseConfig(raw); err != nil {
		h.t.Fatal(err)
	}
}

// up opens the device and brings the data path up, promiscuous.
func up(t testing.TB, c Config) *host {
	t.Helper()
	h := plug(t, c)
	h.open()
	must(t, h.usb.Claim(ifControl))
	must(t, h.usb.Claim(ifData))
	must(t, h.usb.SetInterface(t.Context(), ifData, 1))
	h.filter(filterPromiscuous)
	var err error
	if h.data, err = h.usb.OpenQueue(ifData); err != nil {
		t.Fatal(err)
	}
	if h.notify, err = h.usb.OpenQueue(ifControl); err != nil {
		t.Fatal(err)
	}
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *host) filter(bits uint16) {
	h.t.Helper()
	_, err := h.usb.Control(h.t.Context(), usb.Setup{
		RequestType: usb.TypeClass | usb.RecipientInterface, Request: reqSetPacketFilter, Value: bits, Index: ifControl,
	}, nil)
	must(h.t, err)
}

// packet gives wMaxPacketSize of the bulk endpoints.
func (h *host) packet() int {
	return int(h.conf.Setting(ifData, 1).Endpoints[0].MaxPacketSize)
}

func alloc(t testing.TB, q usb.Queue, endpoint uint8, size int) *usb.Transfer {
	t.Helper()
	x, err := q.Alloc(endpoint, size)
	if err != nil {
		t.Fatal(err)
	}
	x.Length = size
	return x
}

// reap waits for n transfers.
func reap(t testing.TB, q usb.Queue, n int) []*usb.Transfer {
	t.Helper()
	var ended []*usb.Transfer
	deadline := time.Now().Add(10 * time.Second)
	for len(ended) < n {
		buf := make([]*usb.Transfer, n-len(ended))
		m, err := q.Reap(buf)
		if err != nil {
			t.Fatalf("Reap: %v", err)
		}
		ended = append(ended, buf[:m]...)
		if m > 0 {
			continue
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d transfers came back", len(ended), n)
		}
		wait(q, 100*time.Millisecond)
	}
	return ended
}

func wait(q usb.Queue, d time.Duration) {
	fd, events := q.PollFD()
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, int(d.Milliseconds()))
}

// idle checks that nothing can be reaped.
func idle(t testing.TB, q usb.Queue) {
	t.Helper()
	if n, err := q.Reap(make([]*usb.Transfer, 1)); n != 0 || err != nil {
		t.Fatalf("Reap = %d, %v; want nothing", n, err)
	}
}

// send makes one OUT transfer and waits for its end.
func (h *host) send(data []byte, zero bool) {
	h.t.Helper()
	x := alloc(h.t, h.data, epOut, len(data))
	copy(x.Buf, data)
	x.ZeroPacket = zero
	must(h.t, h.data.Submit(x))
	for _, x := range reap(h.t, h.data, 1) {
		if x.Err != nil || x.Actual != len(data) {
			h.t.Fatalf("OUT transfer: %d of %d bytes, %v", x.Actual, len(data), x.Err)
		}
	}
}

// receive makes one IN transfer and waits for its end.
func (h *host) receive(size int) *usb.Transfer {
	h.t.Helper()
	x := alloc(h.t, h.data, epIn, size)
	must(h.t, h.data.Submit(x))
	return reap(h.t, h.data, 1)[0]
}

// frame makes an Ethernet frame of n bytes whose content is told from others'.
func frame(n int) []byte {
	b := make([]byte, n)
	copy(b, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5})
	for i := headerSize; i < n; i++ {
		b[i] = byte(i*7 + n)
	}
	return b
}

// A wire is a network that a test reads and writes itself.
type wire struct {
	deliver func([][]byte)
	sent    chan []byte
}

func newWire() *wire { return &wire{sent: make(chan []byte, 4096)} }

func (w *wire) Start(deliver func([][]byte)) error {
	w.deliver = deliver
	return nil
}

func (w *wire) Send(frames [][]byte) {
	for _, f := range frames {
		w.sent <- append([]byte(nil), f...)
	}
}

func (w *wire) Close() error { return nil }

// next gives the next frame from the host.
func (w *wire) next(t testing.TB) []byte {
	t.Helper()
	select {
	case f := <-w.sent:
		return f
	case <-time.After(10 * time.Second):
		t.Fatal("no frame came from the host")
		return nil
	}
}

// control makes a control request.
func (h *host) control(typ, request uint8, value, index uint16, data []byte) (int, error) {
	return h.usb.Control(h.t.Context(), usb.Setup{RequestType: typ, Request: request, Value: value, Index: index}, data)
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}
