package usbip

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"io-pkt/usb"
)

func ret(seq uint32, actual int) []byte {
	h := header{command: retSubmit, seq: seq, actual: actual}
	return h.append(nil)
}

// at changes a field of a message.
func at(b []byte, offset int, v uint32) []byte {
	binary.BigEndian.PutUint32(b[offset:], v)
	return b
}

// A server that says what it must not say loses us, and nothing else happens.
func TestClientSurvivesServer(t *testing.T) {
	for _, test := range []struct {
		name  string
		reply func(seq uint32) []byte // to the first transfer
	}{
		{"more data than asked", func(seq uint32) []byte { return append(ret(seq, 513), make([]byte, 513)...) }},
		{"endless data", func(seq uint32) []byte { return at(ret(seq, 0), 24, 1<<31-1) }},
		{"negative length", func(seq uint32) []byte { return at(ret(seq, 0), 24, 0xfffffff0) }},
		{"unknown command", func(seq uint32) []byte { return ret(seq+1000, 0) }},
		{"the same twice", func(seq uint32) []byte { return append(ret(seq, 0), ret(seq, 0)...) }},
		{"unlink not asked", func(uint32) []byte { return (&header{command: retUnlink, seq: 1}).append(nil) }},
		{"a command", func(seq uint32) []byte { return (&header{command: cmdSubmit, seq: seq}).append(nil) }},
		{"isochronous packets", func(seq uint32) []byte { return at(ret(seq, 0), 32, 3) }},
		{"garbage", func(uint32) []byte { return bytes.Repeat([]byte{0xa5}, 4096) }},
		{"half a reply", func(seq uint32) []byte { return ret(seq, 0)[:20] }},
		{"half of the data", func(seq uint32) []byte { return append(ret(seq, 512), make([]byte, 100)...) }},
		{"nothing", func(uint32) []byte { return nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := true
			f := newFake(t, func(conn net.Conn, h header) {
				if first {
					first = false
					_, _ = conn.Write(test.reply(h.seq))
					_ = conn.(*net.UnixConn).CloseWrite()
				}
			})
			dev, q := f.up(t)
			ts := []*usb.Transfer{alloc(t, q, epIn, 1024), alloc(t, q, epIn, 512), alloc(t, q, epOut, 512)}
			ts[0].Length = 512 // of a larger buffer
			must(t, q.Submit(ts...))
			for i, x := range reap(t, q, len(ts)) {
				if i == 0 && x.Err == nil && test.name == "the same twice" {
					continue // the first time is all right
				}
				if x != ts[i] || !errors.Is(x.Err, usb.ErrGone) {
					t.Errorf("transfer %d: %v, want %v", i, x.Err, usb.ErrGone)
				}
			}
			<-dev.Gone()
			if _, err := dev.Control(t.Context(), usb.Setup{RequestType: usb.DirIn}, nil); !errors.Is(err, usb.ErrGone) {
				t.Errorf("Control: %v, want %v", err, usb.ErrGone)
			}
		})
	}
}

// What a server answers in another order, arrives in that order.
func TestClientTakesAnyOrder(t *testing.T) {
	var seqs []uint32
	f := newFake(t, func(conn net.Conn, h header) {
		if seqs = append(seqs, h.seq); len(seqs) == 3 {
			for i := range seqs {
				_, _ = conn.Write(append(ret(seqs[2-i], 4), byte(2-i), 0, 0, 0))
			}
		}
	})
	_, q := f.up(t)
	ts := []*usb.Transfer{alloc(t, q, epIn, 512), alloc(t, q, epIn, 512), alloc(t, q, epIn, 512)}
	must(t, q.Submit(ts...))
	reap(t, q, 3)
	for i, x := range ts {
		if x.Err != nil || x.Actual != 4 || x.Buf[0] != byte(i) {
			t.Errorf("transfer %d: % x, %v", i, x.Buf[:x.Actual], x.Err)
		}
	}
}

// A reply that does not come whole holds up none before it.
func TestClientHandsOutWhatIsThere(t *testing.T) {
	var replies []byte
	f := newFake(t, func(conn net.Conn, h header) {
		if replies = append(replies, ret(h.seq, 512)...); len(replies) == headerSize {
			replies = append(replies, make([]byte, 512)...)
			return
		}
		_, _ = conn.Write(append(replies, make([]byte, 100)...))
	})
	_, q := f.up(t)
	ts := []*usb.Transfer{alloc(t, q, epIn, 512), alloc(t, q, epIn, 512)}
	must(t, q.Submit(ts...))
	if x := reap(t, q, 1)[0]; x != ts[0] || x.Err != nil || x.Actual != 512 {
		t.Errorf("first transfer: %d bytes, %v", x.Actual, x.Err)
	}
}

// A RET_UNLINK ends the transfer, whatever its status, and one that comes after
// the RET_SUBMIT does nothing.
func TestClientUnlink(t *testing.T) {
	var submitted uint32
	var answerSubmit atomic.Bool
	f := newFake(t, func(conn net.Conn, h header) {
		if h.command == cmdSubmit {
			submitted = h.seq
			return
		}
		if h.target != submitted {
			t.Errorf("unlink of %d, want %d", h.target, submitted)
		}
		var b []byte
		if answerSubmit.Load() {
			b = ret(submitted, 0)
		}
		_, _ = conn.Write((&header{command: retUnlink, seq: h.seq}).append(b))
	})
	_, q := f.up(t)
	x := alloc(t, q, epIn, 512)
	for _, answer := range []bool{false, true, false} {
		answerSubmit.Store(answer)
		must(t, q.Submit(x))
		q.Cancel(x)
		reap(t, q, 1)
		if want := map[bool]error{false: usb.ErrCanceled}[answer]; !errors.Is(x.Err, want) {
			t.Errorf("RET_SUBMIT %v: transfer ends with %v, want %v", answer, x.Err, want)
		}
	}
}

// A server that answers every transfer, but never an unlink, is left before what we
// remember of those has no bound.
func TestClientLimitsUnlinks(t *testing.T) {
	f := newFake(t, func(conn net.Conn, h header) {
		if h.command == cmdUnlink {
			_, _ = conn.Write(ret(h.target, 0))
		}
	})
	_, q := f.up(t)
	var ts []*usb.Transfer
	for range 64 {
		ts = append(ts, alloc(t, q, epIn, 512))
	}
	for n := 0; n <= maxUnlinks+len(ts); n += len(ts) {
		must(t, q.Submit(ts...))
		q.Cancel(ts...)
		for _, x := range reap(t, q, len(ts)) {
			switch {
			case x.Err == nil:
			case n < maxUnlinks || !errors.Is(x.Err, usb.ErrGone):
				t.Fatalf("after %d unlinks a transfer ends with %v", n, x.Err)
			default:
				return
			}
		}
	}
	t.Errorf("a server that has not answered %d unlinks is kept", maxUnlinks+len(ts))
}

// A server that says nothing any more is left.
func TestClientLeavesSilentServer(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(t *testing.T, dev usb.Device, q usb.Queue)
	}{
		{"Queue.Close", func(t *testing.T, _ usb.Device, q usb.Queue) { must(t, q.Close()) }},
		{"Device.Close", func(t *testing.T, dev usb.Device, _ usb.Queue) { must(t, dev.Close()) }},
		{"ClearHalt", func(t *testing.T, _ usb.Device, q usb.Queue) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if err := q.ClearHalt(ctx, epOut); err == nil {
				t.Error("no error")
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // they wait
			f := newFake(t, func(net.Conn, header) { <-t.Context().Done() })
			dev, q := f.up(t)
			// More than the socket holds: the writer waits too.
			for range 16 {
				must(t, q.Submit(alloc(t, q, epOut, usb.MaxTransfer)))
			}
			test.do(t, dev, q)
		})
	}
}

func TestDialRefusesWhatIsNoServer(t *testing.T) {
	list := binary.BigEndian.AppendUint32(appendOp(nil, opRepDevlist, 0), 1)
	for _, test := range []struct{ name, hello string }{
		{"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n"},
		{"another version", "\x01\x06\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"another reply", "\x01\x11\x00\x03\x00\x00\x00\x00"},
		{"refused", "\x01\x11\x00\x05\x00\x00\x00\x01\x00\x00\x00\x00"},
		{"too many devices", "\x01\x11\x00\x05\x00\x00\x00\x00\xff\xff\xff\xff"},
		{"half a device", string(list) + strings.Repeat("\x00", 100)},
		{"a device without busid", string(list) + strings.Repeat("\x00", recordSize)},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t, nil)
			f.hello = []byte(test.hello)
			if _, err := Dial(t.Context(), "unix", f.l.Addr().String()); err == nil {
				t.Error("no error")
			}
		})
	}
}

// A server that accepts and says nothing holds us no longer than ctx.
func TestDialEndsWithContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, "tcp", l.Addr().String()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Dial: %v, want %v", err, context.DeadlineExceeded)
	}
}
