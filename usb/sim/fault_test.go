package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"io-pkt/usb"
)

// notes makes n transfers of size bytes for notifications and gives what came.
func (h *host) notes(n, size int) (got []string) {
	h.t.Helper()
	for range n {
		x := alloc(h.t, h.notify, epNotify, size)
		must(h.t, h.notify.Submit(x))
		x = reap(h.t, h.notify, 1)[0]
		must(h.t, x.Err)
		got = append(got, fmt.Sprintf("%x", x.Buf[:x.Actual]))
	}
	return got
}

const (
	noteUp   = "a100010000000000"
	noteDown = "a100000000000000"
	noteRate = "a12a000000000800" + "40420f00" + "40420f00"
)

func TestNotifications(t *testing.T) {
	tests := []struct {
		name         string
		packet, size int
		want         []string
	}{
		{"whole", 16, 16, []string{noteUp, noteRate}},
		{"split over small packets", 8, 8, []string{noteUp, noteRate[:16], noteRate[16:]}},
		{"packets of a larger transfer", 8, 16, []string{noteUp + noteRate[:16]}},
		{"short packets end transfers", 64, 64, []string{noteUp, noteRate}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := up(t, Config{NotifyPacket: tt.packet, BitRate: 1_000_000})
			for i, got := range h.notes(len(tt.want), tt.size) {
				if got != tt.want[i] {
					t.Errorf("notification %d is %s, want %s", i, got, tt.want[i])
				}
			}
		})
	}
}

func TestLinkNotifications(t *testing.T) {
	h := up(t, Config{BitRate: 1_000_000})
	h.notes(2, 16)
	x := alloc(t, h.notify, epNotify, 16)
	must(t, h.notify.Submit(x))
	h.dev.SetLink(true) // as it is
	idle(t, h.notify)
	h.dev.SetLink(false)
	h.dev.SetLink(true)
	if x := reap(t, h.notify, 1)[0]; fmt.Sprintf("%x", x.Buf[:x.Actual]) != noteDown {
		t.Errorf("link down: % x", x.Buf[:x.Actual])
	}
	if got := h.notes(2, 16); got[0] != noteUp || got[1] != noteRate {
		t.Errorf("link up: %v", got)
	}
}

// A host that never asks for notifications does not make them pile up.
func TestNotificationsAreBounded(t *testing.T) {
	h := up(t, Config{NotifyPacket: 8, BitRate: 1_000_000})
	h.notes(2, 8) // the rate is half sent
	for range 1000 {
		h.dev.SetLink(false)
		h.dev.SetLink(true)
	}
	if got := h.notes(1, 8)[0]; got != noteRate[16:] {
		t.Errorf("the second half of the rate is %s", got)
	}
	if n := len(h.dev.session.notes); n > maxNotes {
		t.Errorf("%d notifications wait", n)
	}
}

// What the faults do to a device with a frame for the host.
func TestBulkInFaults(t *testing.T) {
	tests := []struct {
		fault Fault
		want  error
	}{
		{StallIn, usb.ErrStall},
		{Overflow, usb.ErrOverflow},
		{Garble, usb.ErrProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.fault.String(), func(t *testing.T) {
			w := newWire()
			h := up(t, Config{Network: w})
			must(t, h.dev.SetFault(tt.fault, 2))
			w.deliver([][]byte{frame(100)})
			for range 2 {
				if x := h.receive(2048); !errors.Is(x.Err, tt.want) || x.Actual != 0 {
					t.Errorf("transfer: %d bytes, %v; want %v", x.Actual, x.Err, tt.want)
				}
				if tt.want == usb.ErrStall {
					wantErr(t, "while halted", h.receive(2048).Err, usb.ErrStall)
					must(t, h.data.ClearHalt(t.Context(), epIn))
				}
			}
			if x := h.receive(2048); x.Err != nil || !bytes.Equal(x.Buf[:x.Actual], frame(100)) {
				t.Errorf("afterwards: %d bytes, %v", x.Actual, x.Err)
			}
		})
	}
}

func TestStallOut(t *testing.T) {
	w := newWire()
	h := up(t, Config{Network: w})
	must(t, h.dev.SetFault(StallOut, 1))
	a, b := alloc(t, h.data, epOut, 100), alloc(t, h.data, epOut, 101)
	must(t, h.data.Submit(a, b))
	for _, x := range reap(t, h.data, 2) {
		wantErr(t, "transfer", x.Err, usb.ErrStall)
	}
	must(t, h.data.ClearHalt(t.Context(), epOut))
	h.send(frame(102), false)
	if f := w.next(t); len(f) != 102 {
		t.Errorf("a frame of %d bytes came, want 102", len(f))
	}
}

func TestStallControl(t *testing.T) {
	h := up(t, Config{})
	must(t, h.dev.SetFault(StallControl, 1))
	_, err := h.control(0x21, reqSetPacketFilter, 0, 0, nil)
	wantErr(t, "request", err, usb.ErrStall)
	_, err = h.control(0x21, reqSetPacketFilter, 0, 0, nil)
	must(t, err)
}

// The notification that the endpoint halts at comes when that has ended.
func TestStallNotify(t *testing.T) {
	h := up(t, Config{BitRate: 1_000_000})
	must(t, h.dev.SetFault(StallNotify, 1))
	for range 2 { // the second finds it halted
		must(t, h.notify.Submit(alloc(t, h.notify, epNotify, 16)))
		wantErr(t, "notification", reap(t, h.notify, 1)[0].Err, usb.ErrStall)
	}
	must(t, h.notify.ClearHalt(t.Context(), epNotify))
	if got := h.notes(2, 16); got[0] != noteUp || got[1] != noteRate {
		t.Errorf("afterwards: %v", got)
	}
}

func TestSilence(t *testing.T) {
	w := newWire()
	h := up(t, Config{Network: w})
	h.notes(2, 16)
	must(t, h.dev.SetFault(Silence, 1))
	in, out, note := alloc(t, h.data, epIn, 2048), alloc(t, h.data, epOut, 60), alloc(t, h.notify, epNotify, 16)
	must(t, h.data.Submit(in, out))
	must(t, h.notify.Submit(note))
	w.deliver([][]byte{frame(100)})
	h.dev.SetLink(false)
	h.dev.SetLink(true)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := h.usb.Control(ctx, usb.Setup{RequestType: usb.DirIn}, make([]byte, 2))
	wantErr(t, "request", err, usb.ErrTimeout)
	wantErr(t, "SetInterface", h.usb.SetInterface(ctx, ifControl, 0), usb.ErrTimeout)
	idle(t, h.data)
	idle(t, h.notify)

	answered := make(chan error, 1)
	go func() {
		_, err := h.control(usb.DirIn, usb.ReqGetStatus, 0, 0, make([]byte, 2))
		answered <- err
	}()
	h.dev.ClearFaults()
	must(t, <-answered)
	for _, x := range append(reap(t, h.data, 2), reap(t, h.notify, 1)...) {
		must(t, x.Err)
	}
	if in.Actual != 100 || len(w.next(t)) != 60 {
		t.Error("what waited did not go on")
	}
}

func TestRunts(t *testing.T) {
	h := up(t, Config{})
	must(t, h.dev.SetFault(Runt, 15))
	for i := range 15 {
		if x := h.receive(2048); x.Err != nil || x.Actual != i%14 {
			t.Errorf("runt %d: %d bytes, %v", i, x.Actual, x.Err)
		}
	}
}

func TestEndless(t *testing.T) {
	w := newWire()
	h := up(t, Config{Network: w})
	must(t, h.dev.SetFault(Endless, 1))
	for range 5 {
		if x := h.receive(2048); x.Err != nil || x.Actual != 2048 {
			t.Errorf("%d bytes, %v; want a full transfer", x.Actual, x.Err)
		}
	}
	w.deliver([][]byte{frame(100)})
	h.dev.ClearFaults()
	if x := h.receive(2048); x.Err != nil || x.Actual != 100 {
		t.Errorf("afterwards: %d bytes, %v", x.Actual, x.Err)
	}
}

func TestStorm(t *testing.T) {
	h := up(t, Config{})
	h.notes(2, 16)
	must(t, h.dev.SetFault(Storm, 1))
	seen := map[string]int{}
	for _, n := range h.notes(20, 16) {
		seen[n]++
	}
	if seen[noteUp] != 10 || seen[noteDown] != 10 {
		t.Errorf("saw %v, want both ten times", seen)
	}
}

func TestDelay(t *testing.T) {
	w := newWire()
	h := up(t, Config{Network: w})
	must(t, h.dev.SetFault(Delay, 5))
	in := alloc(t, h.data, epIn, 2048)
	must(t, h.data.Submit(in))
	w.deliver([][]byte{frame(100)})
	idle(t, h.data)
	reap(t, h.data, 1)
	h.send(frame(60), false)
	h.dev.ClearFaults()
	h.send(frame(61), false)
}

// A slow device takes frames one by one, and gives what it has at once.
func TestSlow(t *testing.T) {
	w := &counting{wire: newWire()}
	h := up(t, Config{Network: w})
	must(t, h.dev.SetFault(Slow, 1))
	var out []*usb.Transfer
	for range 20 {
		out = append(out, alloc(t, h.data, epOut, 60))
		copy(out[len(out)-1].Buf, frame(60))
	}
	must(t, h.data.Submit(out...))
	reap(t, h.data, len(out))
	if most := w.most.Load(); most != 1 {
		t.Errorf("%d frames were taken at once, want 1", most)
	}
	must(t, h.dev.SetFault(Slow, maxFaultCount))
	in := alloc(t, h.data, epIn, 2048)
	must(t, h.data.Submit(append(out, in)...))
	w.deliver([][]byte{frame(100)})
	first := reap(t, h.data, 1)
	if first[0] != in { // it took one just when it became that slow
		first = append(first, reap(t, h.data, 1)...)
	}
	if first[len(first)-1] != in {
		t.Error("what the device had waited for what it takes")
	}
	h.dev.ClearFaults()
	reap(t, h.data, len(out)+1-len(first))
}

// counting is a wire that knows how many frames came at once.
type counting struct {
	*wire
	most atomic.Int64
}

func (c *counting) Send(frames [][]byte) {
	c.most.Store(max(c.most.Load(), int64(len(frames))))
	c.wire.Send(frames)
}

// The device goes away in the middle of the third transfer.
func TestPullItself(t *testing.T) {
	for _, way := range []string{"in", "out"} {
		t.Run(way, func(t *testing.T) {
			w := newWire()
			h := up(t, Config{Network: w})
			events, _ := watch(t, h.bus)
			next(t, events)
			must(t, h.dev.SetFault(PullSelf, 3))
			if way == "in" {
				w.deliver([][]byte{frame(1000), frame(1000), frame(1000)})
				h.receive(2048)
				h.receive(2048)
				x := h.receive(2048)
				if !errors.Is(x.Err, usb.ErrGone) || x.Actual != 500 {
					t.Errorf("third transfer: %d bytes, %v", x.Actual, x.Err)
				}
			} else {
				h.send(frame(60), false)
				h.send(frame(60), false)
				x := alloc(t, h.data, epOut, 60)
				must(t, h.data.Submit(x))
				wantErr(t, "third transfer", reap(t, h.data, 1)[0].Err, usb.ErrGone)
			}
			<-h.usb.Gone()
			if e := next(t, events); e.Present {
				t.Errorf("event %+v", e)
			}
			must(t, h.bus.Plug(h.dev))
		})
	}
}

func TestParseFault(t *testing.T) {
	names, about := Faults()
	for i, name := range names {
		f, count, err := ParseFault(name)
		if err != nil || f != Fault(i) || count < 1 || f.String() != name || about[i] == "" {
			t.Errorf("ParseFault(%q) = %v, %d, %v", name, f, count, err)
		}
	}
	if _, _, err := ParseFault("fire"); err == nil {
		t.Error("there is a fault called fire")
	}
	d := new(Device)
	wantErr(t, "no such fault", d.SetFault(numFaults, 1), usb.ErrInvalid)
	wantErr(t, "negative count", d.SetFault(StallIn, -1), usb.ErrInvalid)
	wantErr(t, "large count", d.SetFault(StallIn, maxFaultCount+1), usb.ErrInvalid)
}
