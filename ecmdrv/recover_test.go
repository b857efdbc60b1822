package ecmdrv

import (
	"testing"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// Half a frame is never joined to another one: behind a STALL comes the next frame,
// behind another error what is left of the one that was lost.
func TestHalfFrame(t *testing.T) {
	const whole = -1 // the transfer is full, and the frame goes on in the next one
	type ending struct {
		actual int
		err    error
	}
	for _, tt := range []struct {
		name    string
		endings []ending // of receive transfers; the last frame has 100 bytes
	}{
		{"no error", []ending{{100, nil}}},
		{"STALL", []ending{{whole, nil}, {0, usb.ErrStall}, {100, nil}}},
		{"error", []ending{{whole, nil}, {0, usb.ErrProtocol}, {whole, nil}, {50, nil}, {100, nil}}},
		{"error with the first bytes", []ending{{512, usb.ErrProtocol}, {50, nil}, {100, nil}}},
		{"error between frames", []ending{{0, usb.ErrProtocol}, {100, nil}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := newInstantMover(t, 40000) // three transfers
			l := m.loops[0]
			q := l.queue.(*instantQueue)
			q.keep, q.kept, q.ended = l.rx.address, q.ended, nil
			for _, e := range tt.endings {
				x := q.kept[0]
				if x.Actual, x.Err = e.actual, e.err; e.actual == whole {
					x.Actual = x.Length
				}
				q.ended, q.kept = append(q.ended, x), q.kept[1:]
				for range 3 { // the error, what was in flight behind it, and on
					if err := m.round(); err != nil {
						t.Fatal(err)
					}
					if c := l.device.control; len(c.halts) > 0 {
						c.cleared <- halt{<-c.halts, nil}
					}
				}
			}
			frames, bytes := l.device.counters[rxFrames].Load(), l.device.counters[rxBytes].Load()
			if frames != 1 || bytes != 100 {
				t.Errorf("%d frames with %d bytes came, want 1 with 100", frames, bytes)
			}
		})
	}
}

// The notification endpoint is cleared when it has halted, and then no more; what it
// had to say is not lost.
func TestStallNotify(t *testing.T) {
	t.Parallel()
	d := echo(t)
	r := newRig(t, "", d)
	p := r.up("ecm0")
	setFault(t, d, sim.StallNotify, 1)
	d.SetLink(false)
	r.host.until("the link is down", func() bool { return !p.link.Load() })
	d.SetLink(true)
	works(r.up("ecm0"))
	if got := r.calls.with("clear halt"); len(got) != 1 {
		t.Errorf("got %q, want one", got)
	}
}
