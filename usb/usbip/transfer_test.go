package usbip

import (
	"bytes"
	"errors"
	"testing"

	"io-pkt/usb"
)

func TestFramesComeBack(t *testing.T) {
	_, q := newRig(t).up(t)
	for _, size := range []int{60, 511, 512, 513, 1024, 1514} {
		in, out := alloc(t, q, epIn, 2048), alloc(t, q, epOut, size)
		for i := range out.Buf {
			out.Buf[i] = byte(i * 7)
		}
		out.ZeroPacket = true
		must(t, q.Submit(in, out))
		for _, x := range reap(t, q, 2) {
			if x.Err != nil || x.Actual != size {
				t.Fatalf("endpoint %#x: %d of %d bytes, %v", x.Endpoint, x.Actual, size, x.Err)
			}
		}
		// The mirror swaps the addresses.
		if !bytes.Equal(in.Buf[12:size], out.Buf[12:]) {
			t.Errorf("%d bytes came back different", size)
		}
	}
}

func TestPullEndsTransfers(t *testing.T) {
	r := newRig(t)
	dev, q := r.up(t)
	in := []*usb.Transfer{alloc(t, q, epIn, 2048), alloc(t, q, epIn, 2048)}
	must(t, q.Submit(in...))
	must(t, r.bus.Pull(r.dev))
	for i, x := range reap(t, q, 2) {
		if x != in[i] || !errors.Is(x.Err, usb.ErrGone) {
			t.Errorf("transfer %d: %v", i, x.Err)
		}
	}
	<-dev.Gone()
}
