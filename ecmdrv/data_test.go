package ecmdrv

import (
	"bytes"
	"net"
	"testing"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// simMAC is the host's address, which the mirror's frames come back to.
var simMAC = net.HardwareAddr{0x02, 'i', 'o', 'p', 'k', 't'}

// pattern makes a frame that differs from all others.
func pattern(length, seed int) []byte {
	f := make([]byte, length)
	for i := range f {
		f[i] = byte(i*7 + i>>8 + seed*13)
	}
	copy(f, []byte{2, 0, 0, 0, 0, 1})
	copy(f[6:], simMAC)
	copy(f[12:], []byte{0x88, 0xb5}) // for experiments (IEEE 802, 9.2.3)
	return f
}

// mirrored is what a sim.Mirror makes of a frame.
func mirrored(f []byte) []byte {
	return append(append(bytes.Clone(f[6:12]), f[:6]...), f[12:]...)
}

// Every length of frame goes to a mirror and comes back, bit for bit and in
// order, at every speed.
func TestFramesOfAllSizes(t *testing.T) {
	for _, speed := range []usb.Speed{usb.SpeedFull, usb.SpeedHigh, usb.SpeedSuper} {
		t.Run(speed.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "verbose", newSim(t, sim.Config{Speed: speed, MAC: simMAC, Network: sim.NewMirror()}))
			p := r.up("ecm0")
			const inFlight = 32
			buf := make([]byte, 2048)
			check := func(length int) {
				if got, want := p.receive(buf), mirrored(pattern(length, length)); !bytes.Equal(got, want) {
					t.Fatalf("frame of %d bytes: got %d bytes\n%x, want\n%x", length, len(got), got, want)
				}
			}
			for length := headerSize; length <= 1514+inFlight; length++ {
				if length <= 1514 {
					p.send(pattern(length, length))
				}
				if old := length - inFlight; old >= headerSize {
					check(old)
				}
			}
			r.host.until("everything counted", func() bool { return p.counter(txFrames) == 1501 })
			if got := p.counter(rxFrames); got != 1501 {
				t.Errorf("%d frames received, want 1501", got)
			}
			if in, out := p.in.Load(), p.out.Load(); in+out != 0 {
				t.Errorf("dropped %d in, %d out", in, out)
			}
		})
	}
}
