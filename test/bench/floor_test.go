package main

import (
	"bytes"
	"errors"
	"net"
	"testing"
)

// Each frame comes out at the other side as it was, and the loop ends.
func TestCopyFrames(t *testing.T) {
	left, a := net.Pipe()
	b, right := net.Pipe()
	stop := copyFrames(a, b)
	for _, way := range []struct{ from, to net.Conn }{{left, right}, {right, left}} {
		for _, frame := range [][]byte{bytes.Repeat([]byte("frame"), 300), []byte("one")} {
			written := make(chan error, 1)
			go func() {
				_, err := way.from.Write(frame)
				written <- err
			}()
			got := make([]byte, 2048)
			n, err := way.to.Read(got)
			if err = errors.Join(err, <-written); err != nil || !bytes.Equal(got[:n], frame) {
				t.Errorf("got %d bytes, %v; want those %d that were written", n, err, len(frame))
			}
		}
	}
	stop()
	stop()
	left.Close()
	right.Close()
}
