// Package tap is a network behind a simulated device that the machine's kernel
// is in: a TAP interface, best in a network namespace of its own, so that any
// program can be the far end.
//
// A Network lives from New to Close; the device it is given to closes it. It
// runs one goroutine, which reads the TAP. Close ends it, and with it the
// interface unless that was made persistent by somebody else.
package tap

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Config says what interface it is.
type Config struct {
	Name      string       // of the interface, 1 to 15 bytes
	Namespace string       // as in ip netns; empty for the one the program is in
	MTU       int          // in bytes; 1500 by default, which is wMaxSegmentSize 1514
	Addr      netip.Prefix // to give the interface; none by default
}

// batch is how many frames are read before they are passed on.
const batch = 64

// A Network implements sim.Network.
type Network struct {
	config  Config
	file    *os.File
	conn    syscall.RawConn
	writing sync.Mutex // held by Send, and by Close to wait for it
	closed  bool
	running sync.WaitGroup
}

// New makes a Network. The interface is there from Start on.
func New(c Config) (*Network, error) {
	if c.MTU == 0 {
		c.MTU = 1500
	}
	switch {
	case c.Name == "" || len(c.Name) >= unix.IFNAMSIZ:
		return nil, fmt.Errorf("TAP %q: the name must have 1 to %d bytes", c.Name, unix.IFNAMSIZ-1)
	case c.MTU < 68 || c.MTU > 65521:
		return nil, fmt.Errorf("TAP %s: MTU %d is out of range", c.Name, c.MTU)
	}
	return &Network{config: c}, nil
}

// Start is sim.Network's: it makes the interface and takes it up.
func (n *Network) Start(deliver func(frames [][]byte)) error {
	ns, err := n.namespace()
	if err != nil {
		return fmt.Errorf("TAP %s: network namespace %q: %w", n.config.Name, n.config.Namespace, err)
	}
	defer ns.Close()
	if n.file, err = openIn(ns, n.config.Name); err != nil {
		return fmt.Errorf("TAP %s: %w", n.config.Name, err)
	}
	n.conn, err = n.file.SyscallConn()
	if err == nil {
		err = n.configure(ns)
	}
	if err != nil {
		_ = n.Close()
		return fmt.Errorf("TAP %s: %w", n.config.Name, err)
	}
	n.running.Go(func() { n.read(deliver) })
	return nil
}

func (n *Network) namespace() (netns.NsHandle, error) {
	if n.config.Namespace == "" {
		return netns.Get()
	}
	return netns.GetFromName(n.config.Namespace)
}

// configure sets the interface's MTU and address and takes it up.
func (n *Network) configure(ns netns.NsHandle) error {
	h, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	link, err := h.LinkByName(n.config.Name)
	if err != nil {
		return err
	}
	if err := h.LinkSetMTU(link, n.config.MTU); err != nil {
		return fmt.Errorf("set the MTU to %d: %w", n.config.MTU, err)
	}
	if a := n.config.Addr; a.IsValid() {
		ipnet := &net.IPNet{IP: a.Addr().AsSlice(), Mask: net.CIDRMask(a.Bits(), a.Addr().BitLen())}
		if err := h.AddrReplace(link, &netlink.Addr{IPNet: ipnet}); err != nil {
			return fmt.Errorf("set the address %v: %w", a, err)
		}
	}
	if err := h.LinkSetUp(link); err != nil {
		return fmt.Errorf("take it up: %w", err)
	}
	return nil
}

// read passes on what the kernel sends. It ends when the file is closed, or the
// interface removed.
func (n *Network) read(deliver func([][]byte)) {
	size := n.config.MTU + 14 + 4 // with a VLAN tag
	bufs, frames := make([][]byte, batch), make([][]byte, 0, batch)
	for i := range bufs {
		bufs[i] = make([]byte, size)
	}
	for {
		var failed error
		err := n.conn.Read(func(fd uintptr) bool {
			frames, failed = readAll(int(fd), bufs, frames[:0])
			return len(frames) > 0 || failed != nil
		})
		if err != nil || failed != nil {
			return
		}
		deliver(frames)
	}
}

// readAll reads what there is, at most len(bufs) frames.
func readAll(fd int, bufs, frames [][]byte) ([][]byte, error) {
	for _, b := range bufs {
		n, err := unix.Read(fd, b)
		switch {
		case err == nil:
			frames = append(frames, b[:n])
		case errors.Is(err, unix.EAGAIN):
			return frames, nil
		case errors.Is(err, unix.EINTR):
		default:
			return frames, err
		}
	}
	return frames, nil
}

// Send is sim.Network's. What the kernel does not take is lost, as when the
// interface is down.
func (n *Network) Send(frames [][]byte) {
	n.writing.Lock()
	defer n.writing.Unlock()
	if n.closed {
		return
	}
	_ = n.conn.Control(func(fd uintptr) {
		for _, f := range frames {
			_, _ = unix.Write(int(fd), f)
		}
	})
}

// Close is sim.Network's.
func (n *Network) Close() error {
	n.writing.Lock()
	first := !n.closed
	n.closed = true
	n.writing.Unlock()
	if !first || n.file == nil {
		return nil
	}
	err := n.file.Close()
	n.running.Wait()
	return err
}
