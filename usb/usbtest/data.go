package usbtest

import (
	"bytes"
	"net"
	"testing"
	"time"

	"io-pkt/usb"
)

const (
	maxFrame = 1514

	// resendAfter is when a frame that was not answered is sent again: the far
	// end's interface may still be coming up.
	resendAfter = 500 * time.Millisecond
)

// A wire sends and receives frames on an open device.
type wire struct {
	*host
	in      []*usb.Transfer
	out     *usb.Transfer
	busy    bool // out is in flight
	partial []byte
	frames  [][]byte // received, not looked at
	far     net.HardwareAddr
	seq     uint16
}

// newWire has n transfers of size bytes each in flight for what comes in.
func (h *host) newWire(size, n int) *wire {
	h.t.Helper()
	w := &wire{host: h, in: h.alloc(h.ecm.in.Address, size, n), out: h.alloc(h.ecm.out.Address, maxFrame, 1)[0]}
	h.submit(w.in...)
	w.resolve()
	return w
}

// ping sends one frame of size bytes to the far end and waits for the answer.
// Then nothing is in flight any more.
func (h *host) ping(size int) {
	h.t.Helper()
	w := h.newWire(2048, 4)
	w.echo(size)
	h.data.Cancel(w.in...)
	reap(h.t, h.data, len(w.in))
}

// send sends a frame, and ends it as ECM demands (ECM 1.2, 3.3.1).
func (w *wire) send(frame []byte) {
	w.t.Helper()
	for w.busy {
		w.handle(reap(w.t, w.data, 1)[0])
	}
	w.out.Length, w.out.ZeroPacket = copy(w.out.Buf, frame), true
	w.busy = true
	w.submit(w.out)
}

// exchange sends a frame until an answer that done accepts has come.
func (w *wire) exchange(what string, frame []byte, done func(reply []byte) bool) {
	w.t.Helper()
	answered := false // perhaps before the device has told that our frame is out
	for end := time.Now().Add(patience); time.Now().Before(end); {
		w.send(frame)
		for resend := time.Now().Add(resendAfter); Ready(w.t, w.data, time.Until(resend)); {
			w.handle(reap(w.t, w.data, 1)[0])
			for _, f := range w.frames {
				answered = done(f) || answered
				w.answerARP(f)
			}
			if w.frames = nil; answered && !w.busy {
				return
			}
		}
	}
	w.t.Fatalf("no answer to %s of %d bytes", what, len(frame))
}

// handle takes a transfer that has ended. A frame ends with the first transfer
// that did not come full.
func (w *wire) handle(x *usb.Transfer) {
	w.t.Helper()
	switch {
	case x.Err != nil:
		w.t.Fatalf("transfer on endpoint %#x: %v", x.Endpoint, x.Err)
	case x.Actual < 0 || x.Actual > x.Length:
		w.t.Fatalf("transfer on endpoint %#x: %d of %d bytes", x.Endpoint, x.Actual, x.Length)
	case x == w.out:
		if w.busy = false; x.Actual != x.Length {
			w.t.Fatalf("%d of %d bytes were sent", x.Actual, x.Length)
		}
		return
	}
	w.partial = append(w.partial, x.Buf[:x.Actual]...)
	if x.Actual < x.Length {
		w.frames = append(w.frames, w.partial)
		w.partial = nil
	}
	w.submit(x)
}

// answerARP says who we are when the far end wants to know.
func (w *wire) answerARP(frame []byte) {
	w.t.Helper()
	if op, mac, ip, ok := parseARP(frame); ok && op == 1 && ip == w.c.Far {
		w.send(arpFrame(2, w.ecm.mac, w.c.Near, mac, ip))
	}
}

// resolve asks for the far end's MAC.
func (w *wire) resolve() {
	w.t.Helper()
	w.exchange("ARP request", arpFrame(1, w.ecm.mac, w.c.Near, broadcast, w.c.Far), func(reply []byte) bool {
		op, mac, ip, ok := parseARP(reply)
		if ok && op == 2 && ip == w.c.Far {
			w.far = mac
		}
		return w.far != nil
	})
}

// echo sends a ping in a frame of size bytes, and wants its payload back.
func (w *wire) echo(size int) {
	w.t.Helper()
	w.seq++
	frame := echoFrame(size, w.ecm.mac, w.c.Near, w.far, w.c.Far, w.seq)
	w.exchange("ping", frame, func(reply []byte) bool {
		seq, payload, ok := parseEchoReply(reply)
		if !ok || seq != w.seq {
			return false
		}
		if want := frame[minPing:]; !bytes.Equal(payload, want) {
			w.t.Errorf("ping in a frame of %d bytes comes back different", size)
		}
		return true
	})
}

// lengths gives frame lengths around every multiple of the packet size.
func (h *host) lengths() []int {
	list := []int{minPing, 60}
	packet := int(h.ecm.in.MaxPacketSize)
	for n := packet; n <= maxFrame; n += packet {
		for _, size := range []int{n - 1, n, n + 1} {
			if size >= minPing && size <= maxFrame {
				list = append(list, size)
			}
		}
	}
	return append(list, maxFrame)
}

func testFrames(t *testing.T, c Config) {
	h := up(t, c)
	w := h.newWire(2048, 16)
	for _, size := range h.lengths() {
		w.echo(size)
	}
}

// A frame that does not fit one transfer goes on in the next.
func testSmallTransfers(t *testing.T, c Config) {
	h := up(t, c)
	w := h.newWire(int(h.ecm.in.MaxPacketSize), 32)
	for _, size := range h.lengths() {
		w.echo(size)
	}
}

// A transfer ends with the frame, however much room it has.
func testLargeTransfers(t *testing.T, c Config) {
	h := up(t, c)
	w := h.newWire(64<<10, 2)
	for _, size := range h.lengths() {
		w.echo(size)
	}
}
