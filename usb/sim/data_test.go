package sim

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"io-pkt/usb"
)

var speeds = []usb.Speed{usb.SpeedFull, usb.SpeedHigh, usb.SpeedSuper}

// Frames of every size go there and come back whole.
func TestEverySize(t *testing.T) {
	for _, speed := range speeds {
		t.Run(speed.String(), func(t *testing.T) {
			h := up(t, Config{Speed: speed, Network: NewMirror()})
			out := alloc(t, h.data, epOut, 2048)
			in := alloc(t, h.data, epIn, 2048)
			for n := headerSize; n <= 1514; n++ {
				f := frame(n)
				out.Length, out.ZeroPacket = copy(out.Buf, f), true
				in.Length = 1514 + 1024 - 1514%1024 // a multiple of all packet sizes
				must(t, h.data.Submit(in, out))
				for _, x := range reap(t, h.data, 2) {
					if x.Err != nil {
						t.Fatalf("size %d, endpoint %02x: %v", n, x.Endpoint, x.Err)
					}
				}
				want := append(append(append([]byte(nil), f[6:12]...), f[0:6]...), f[12:]...)
				if !bytes.Equal(in.Buf[:in.Actual], want) {
					t.Fatalf("size %d: got %d bytes, or others than were sent", n, in.Actual)
				}
			}
		})
	}
}

// However the host cuts its IN transfers, what it gets is what a wire carries.
func TestReceiveInPieces(t *testing.T) {
	for _, speed := range speeds {
		w := newWire()
		h := up(t, Config{Speed: speed, Network: w})
		mps := h.packet()
		for _, size := range []int{mps, 2 * mps, 3 * mps, 1024} {
			if size%mps != 0 {
				continue
			}
			for _, n := range []int{14, 63, 64, 65, 512, 1024, 1513, 1514} {
				t.Run(fmt.Sprintf("%v/transfers of %d/frame of %d", speed, size, n), func(t *testing.T) {
					w.deliver([][]byte{frame(n)})
					var got []byte
					for {
						x := h.receive(size)
						must(t, x.Err)
						got = append(got, x.Buf[:x.Actual]...)
						if x.Actual < size {
							break
						}
					}
					if !bytes.Equal(got, frame(n)) {
						t.Errorf("got %d bytes of %d, or others", len(got), n)
					}
				})
			}
		}
	}
}

func TestFill(t *testing.T) {
	tests := []struct {
		name                     string
		length, frame, off, want int
		next                     int
		err                      error
	}{
		{"short packet ends the frame", 512, 100, 0, 100, -1, nil},
		{"transfer and frame end together", 100, 100, 0, 100, -1, nil},
		{"zero-length packet in the same transfer", 256, 128, 0, 128, -1, nil},
		{"zero-length packet is left for the next transfer", 128, 128, 0, 128, 128, nil},
		{"zero-length packet alone", 128, 128, 128, 0, -1, nil},
		{"zero-length packet into an empty transfer", 0, 128, 128, 0, -1, nil},
		{"several transfers", 128, 300, 128, 128, 256, nil},
		{"last of several", 128, 300, 256, 44, -1, nil},
		{"short packet too large", 10, 20, 0, 0, -1, usb.ErrOverflow},
		{"full packet too large", 100, 300, 0, 64, 128, usb.ErrOverflow},
		{"last packet too large", 100, 120, 0, 64, -1, usb.ErrOverflow},
		{"full last packet too large", 100, 128, 0, 64, 128, usb.ErrOverflow},
		{"nothing was asked for", 0, 20, 0, 0, -1, usb.ErrOverflow},
		{"empty frame", 64, 0, 0, 0, -1, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			buf := make([]byte, tt.length)
			n, next, err := fill(buf, frame(max(tt.frame, headerSize))[:tt.frame], tt.off, 64)
			if n != tt.want || next != tt.next || !errors.Is(err, tt.err) {
				t.Errorf("fill = %d, %d, %v; want %d, %d, %v", n, next, err, tt.want, tt.next, tt.err)
			}
		})
	}
}

// What ends a frame on the way out, and what does not.
func TestSend(t *testing.T) {
	type transfer struct {
		n    int
		zero bool
	}
	tests := []struct {
		name  string
		parts []transfer
		want  []int // frame lengths
	}{
		{"short", []transfer{{100, false}}, []int{100}},
		{"multiple with zero packet", []transfer{{1024, true}}, []int{1024}},
		{"multiple and an empty transfer", []transfer{{1024, false}, {0, false}}, []int{1024}},
		{"multiple without an end goes on", []transfer{{512, false}, {100, false}}, []int{612}},
		{"three parts", []transfer{{512, false}, {512, false}, {490, false}}, []int{1514}},
		{"empty transfer alone", []transfer{{0, false}, {60, false}}, []int{60}},
		{"runt", []transfer{{13, false}, {60, false}}, []int{60}},
		{"too long in one", []transfer{{1515, false}, {60, false}}, []int{60}},
		{"too long in parts", []transfer{{1024, false}, {1024, false}, {1024, false}, {3, false}, {60, false}}, []int{60}},
		{"longest", []transfer{{1514, false}, {14, false}}, []int{1514, 14}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire()
			h := up(t, Config{Network: w})
			var all []*usb.Transfer
			var sent []byte
			for _, p := range tt.parts {
				x := alloc(t, h.data, epOut, p.n)
				x.ZeroPacket = p.zero
				copy(x.Buf, bytes.Repeat([]byte{byte(len(all) + 1)}, p.n))
				sent = append(sent, x.Buf...)
				all = append(all, x)
			}
			must(t, h.data.Submit(all...))
			reap(t, h.data, len(all))
			for _, n := range tt.want {
				f := w.next(t)
				if len(f) != n || !bytes.Contains(sent, f) {
					t.Errorf("got a frame of %d bytes, want %d of what was sent", len(f), n)
				}
			}
			if len(w.sent) > 0 {
				t.Errorf("%d frames too many", len(w.sent))
			}
		})
	}
}

// A frame that is too long or too short is counted.
func TestBadFramesAreCounted(t *testing.T) {
	h := up(t, Config{Network: newWire()})
	h.send(make([]byte, 13), false)
	h.send(make([]byte, 1515), false)
	h.send(frame(60), false)
	if got, want := h.dev.Stats(), (Stats{FromHost: 1, Bad: 2}); got != want {
		t.Errorf("Stats = %+v, want %+v", got, want)
	}
}

// The data interface's first setting has no data path.
func TestSetting0StopsData(t *testing.T) {
	w := newWire()
	h := up(t, Config{Network: w})
	w.deliver([][]byte{frame(100)})
	must(t, h.usb.SetInterface(t.Context(), ifData, 0))
	w.deliver([][]byte{frame(101)})
	x := alloc(t, h.data, epIn, 2048)
	must(t, h.data.Submit(x))
	wantErr(t, "IN transfer in setting 0", reap(t, h.data, 1)[0].Err, usb.ErrNotFound)

	must(t, h.usb.SetInterface(t.Context(), ifData, 1))
	w.deliver([][]byte{frame(102)})
	if got := h.receive(2048); got.Actual != 102 {
		t.Errorf("got a frame of %d bytes, want 102: the others were sent before", got.Actual)
	}
}

func TestSetInterfaceWhileInFlight(t *testing.T) {
	h := up(t, Config{})
	x := alloc(t, h.data, epIn, 512)
	must(t, h.data.Submit(x))
	wantErr(t, "SetInterface", h.usb.SetInterface(t.Context(), ifData, 0), usb.ErrBusy)
	wantErr(t, "ClearHalt", h.data.ClearHalt(t.Context(), epIn), usb.ErrBusy)
	h.data.Cancel(x)
	wantErr(t, "transfer", reap(t, h.data, 1)[0].Err, usb.ErrCanceled)
	must(t, h.usb.SetInterface(t.Context(), ifData, 0))
}

// The backlog is bounded, keeps order, and what does not fit is counted.
func TestBacklog(t *testing.T) {
	w := newWire()
	h := up(t, Config{Network: w})
	room := len(h.dev.backlog.slots)
	for i := range room + 5 {
		w.deliver([][]byte{frame(headerSize + i%1500)})
	}
	for i := range room {
		if x := h.receive(2048); x.Actual != headerSize+i%1500 {
			t.Fatalf("frame %d has %d bytes", i, x.Actual)
		}
	}
	if got := h.dev.Stats().NoBuffer; got != 5 {
		t.Errorf("NoBuffer = %d, want 5", got)
	}
}

func TestCancelAndClose(t *testing.T) {
	h := up(t, Config{})
	var all []*usb.Transfer
	for range 8 {
		all = append(all, alloc(t, h.data, epIn, 64))
	}
	must(t, h.data.Submit(all...))
	h.data.Cancel(all[3])
	got := reap(t, h.data, 1)[0]
	if got != all[3] || !errors.Is(got.Err, usb.ErrCanceled) {
		t.Errorf("reaped another transfer, or one with %v", got.Err)
	}
	must(t, h.data.Close())
	must(t, h.data.Close())
	_, err := h.data.Reap(all)
	wantErr(t, "Reap after Close", err, usb.ErrClosed)
	wantErr(t, "Submit after Close", h.data.Submit(all[0]), usb.ErrClosed)
	if h.data, err = h.usb.OpenQueue(ifData); err != nil {
		t.Errorf("a queue after another: %v", err)
	}
}

func TestSubmitRefuses(t *testing.T) {
	h := up(t, Config{})
	x := alloc(t, h.data, epIn, 64)
	x.Length = 65
	must(t, h.data.Submit(x))
	wantErr(t, "Length beyond the buffer", reap(t, h.data, 1)[0].Err, usb.ErrInvalid)

	_, err := h.data.Alloc(epNotify, 64)
	wantErr(t, "another interface's endpoint", err, usb.ErrNotFound)
	_, err = h.data.Alloc(epIn, usb.MaxTransfer+1)
	wantErr(t, "too large a buffer", err, usb.ErrInvalid)
}

func TestLinkDownStopsFrames(t *testing.T) {
	w := newWire()
	h := up(t, Config{Network: w})
	h.dev.SetLink(false)
	w.deliver([][]byte{frame(100)})
	h.send(frame(100), false)
	h.dev.SetLink(true)
	h.send(frame(101), false)
	w.deliver([][]byte{frame(101)})
	if x := h.receive(2048); x.Actual != 101 {
		t.Errorf("received %d bytes, want 101", x.Actual)
	}
	if f := w.next(t); len(f) != 101 {
		t.Errorf("sent %d bytes, want 101", len(f))
	}
}
