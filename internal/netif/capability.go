package netif

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
	"io-pkt/internal/offload"
)

// Capabilities are the checksum and segmentation offloads of an interface, for
// each direction the bits that ctl.CapIP4Csum and its like name. The hardware that
// does them is this process: they switch what it does for the kernel.
//
// On transmit: the TCP and UDP bits, that it makes checksums, for which the kernel
// has one switch, so that any of them is all; TSO4 and TSO6, that it cuts large
// frames, each of them together with the checksums of its segments (IP4CSUM and
// TCP4CSUM, TCP6CSUM). On receive: that it verifies checksums, and joins frames
// where that is done for all of a frame's.
type Capabilities struct{ Rx, Tx uint32 }

// All the capabilities, which a TAP has from the start: they are what makes it
// fast.
const (
	csums  = ctl.CapIP4Csum | ctl.CapTCP4Csum | ctl.CapUDP4Csum | ctl.CapTCP6Csum | ctl.CapUDP6Csum
	allTSO = ctl.CapTSO4 | ctl.CapTSO6
)

// without gives the capabilities that are in c and not in other.
func (c Capabilities) without(other Capabilities) Capabilities {
	return Capabilities{Rx: c.Rx &^ other.Rx, Tx: c.Tx &^ other.Tx}
}

// offloads gives what the kernel may leave to us, as TUNSETOFFLOAD takes it.
func (c Capabilities) offloads() int {
	has := func(bits uint32) bool { return c.Tx&bits == bits }
	f := 0
	if c.Tx&csums&^ctl.CapIP4Csum != 0 {
		f |= unix.TUN_F_CSUM
	}
	if has(ctl.CapTSO4 | ctl.CapIP4Csum | ctl.CapTCP4Csum) {
		f |= unix.TUN_F_TSO4 | unix.TUN_F_TSO_ECN
	}
	if has(ctl.CapTSO6 | ctl.CapTCP6Csum) {
		f |= unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN
	}
	if has(ctl.CapIP4Csum | ctl.CapUDP4Csum | ctl.CapUDP6Csum) { // the kernel wants both or none
		f |= unix.TUN_F_USO4 | unix.TUN_F_USO6
	}
	return f
}

// joined says which received frames are to be joined. Datagrams are only for a
// kernel that can cut them again.
func (c Capabilities) joined(udp bool) offload.Protocols {
	has := func(bits uint32) bool { return c.Rx&bits == bits }
	return offload.Protocols{
		TCP4: has(ctl.CapIP4Csum | ctl.CapTCP4Csum),
		UDP4: has(ctl.CapIP4Csum|ctl.CapUDP4Csum) && udp,
		TCP6: has(ctl.CapTCP6Csum),
		UDP6: has(ctl.CapUDP6Csum) && udp,
	}
}

// Supported gives what the TAP can do.
func (t *TAP) Supported() Capabilities { return Capabilities{Rx: csums, Tx: csums | allTSO} }

// Enabled gives what of that it does.
func (t *TAP) Enabled() Capabilities {
	v := t.enabled.Load()
	return Capabilities{Rx: uint32(v >> 32), Tx: uint32(v)}
}

// SetEnabled says what it shall do; EINVAL, and no change, when something of that
// is not supported. It takes effect with the next frames, also while they flow.
func (t *TAP) SetEnabled(c Capabilities) error {
	if more := c.without(t.Supported()); more != (Capabilities{}) {
		return fmt.Errorf("%s: capabilities rx=%x tx=%x are not supported: %w", t.name, more.Rx, more.Tx, syscall.EINVAL)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return fmt.Errorf("%s: capabilities: %w", t.name, syscall.EBADFD)
	}
	if err := t.setOffloads(c.offloads()); err != nil {
		return fmt.Errorf("%s: setting capabilities rx=%x tx=%x: %w", t.name, c.Rx, c.Tx, err)
	}
	t.enabled.Store(uint64(c.Rx)<<32 | uint64(c.Tx))
	return nil
}

// setOffloads tells the kernel. One before 6.2 knows no segmentation of datagrams.
func (t *TAP) setOffloads(f int) error {
	const uso = unix.TUN_F_USO4 | unix.TUN_F_USO6
	err := unix.IoctlSetInt(t.lanes[bulk].fd, unix.TUNSETOFFLOAD, f)
	if err == unix.EINVAL && f&uso != 0 {
		t.noUSO.Store(true)
		err = unix.IoctlSetInt(t.lanes[bulk].fd, unix.TUNSETOFFLOAD, f&^uso)
	}
	return err
}
