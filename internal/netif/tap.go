package netif

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"io-pkt/internal/nic"
)

// A Config says what kind of TAP to make.
type Config struct {
	Name string           // at most 15 bytes
	MAC  net.HardwareAddr // nil: the kernel picks one
	MTU  int              // at first, in bytes
	// MaxMTU is what the hardware can carry: longer frames are dropped and
	// counted, whatever MTU somebody may set.
	MaxMTU int
	// CarrierChanged, unless nil, is called after SetLink has changed the carrier.
	CarrierChanged func()
}

func (c *Config) check() error {
	if err := CheckName(c.Name); err != nil {
		return err
	}
	if c.MTU < MinMTU || c.MTU > c.MaxMTU || c.MaxMTU > MaxMTU {
		return fmt.Errorf("%s: mtu %d of at most %d: %w", c.Name, c.MTU, c.MaxMTU, syscall.EINVAL)
	}
	if c.MAC == nil {
		return nil
	}
	group, zero := len(c.MAC) > 0 && c.MAC[0]&1 != 0, c.MAC.String() == "00:00:00:00:00:00"
	if len(c.MAC) != 6 || group || zero {
		return fmt.Errorf("%s: ethernet address %v: %w", c.Name, c.MAC, syscall.EINVAL)
	}
	return nil
}

// A TAP is an Ethernet interface whose hardware is this process. It implements
// nic.Port; Fetch is in fetch.go, Deliver in deliver.go.
type TAP struct {
	name    string
	index   int
	maxMTU  int
	changed func()

	lanes   []*lane       // bulk, which Deliver writes to, and prompt
	odd     bool          // the prompt lane had the last odd buffer of Fetch
	gate    *gate         // nil for none
	joining joining       // Deliver's
	gone    atomic.Bool   // the kernel's interface has been removed under us, or Close was called
	in      atomic.Uint64 // frames dropped, by the driver and here
	out     atomic.Uint64
	enabled atomic.Uint64 // Capabilities: Rx, Tx
	noUSO   atomic.Bool   // the kernel knows no segmentation of datagrams

	received, sent passed

	mu     sync.Mutex // guards what becomes of the descriptors; held for one system call at most
	closed bool
}

var _ nic.Port = (*TAP)(nil)

// Open makes the interface: down, without carrier, with its address and MTU. A
// name that the kernel has already is refused with EEXIST, also when it is a
// TAP that could be taken over.
func Open(c Config) (*TAP, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	// Looked at first because TUNSETIFF attaches to a persistent TAP that nobody
	// holds, and because water leaks its descriptor when that ioctl fails.
	taken, err := exists(c.Name)
	if err != nil {
		return nil, fmt.Errorf("%s: looking for the name: %w", c.Name, err)
	}
	if taken {
		return nil, fmt.Errorf("%s: the name is taken by another interface: %w", c.Name, syscall.EEXIST)
	}
	fds, err := openFDs(c.Name)
	if err != nil {
		return nil, fmt.Errorf("%s: making a TAP: %w", c.Name, err)
	}
	t := &TAP{name: c.Name, maxMTU: c.MaxMTU, changed: c.CarrierChanged}
	for _, fd := range fds {
		t.lanes = append(t.lanes, newLane(fd, c.MaxMTU))
	}
	if len(fds) > 1 {
		// Without one, for want of the right or of a newer Linux, everything works, too.
		if t.gate, _ = newGate(fds[bulk]); t.gate != nil {
			for i, l := range t.lanes {
				l.queue = &t.gate.lanes[i]
			}
			t.Backlog(0)
		}
	}
	if err := t.configure(c); err != nil {
		_ = t.Close()
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	return t, nil
}

func (t *TAP) configure(c Config) error {
	l, err := netlink.LinkByName(c.Name)
	if err != nil {
		return fmt.Errorf("finding its index: %w", err)
	}
	t.index = l.Attrs().Index
	if err := t.setCarrier(false); err != nil {
		return err
	}
	length := queueLen
	if t.gate != nil {
		length = gatedLen
	}
	if err := setQueue(l, length); err != nil {
		return err
	}
	if err := t.SetEnabled(t.Supported()); err != nil {
		return err
	}
	if c.MAC != nil {
		if err := netlink.LinkSetHardwareAddr(l, c.MAC); err != nil {
			return fmt.Errorf("setting the address %v: %w", c.MAC, err)
		}
	}
	return SetMTU(t.index, c.MTU)
}

// Name gives the name the interface was made with.
func (t *TAP) Name() string { return t.name }

// Index gives the kernel's number of the interface.
func (t *TAP) Index() int { return t.index }

// SetLink sets the carrier.
func (t *TAP) SetLink(up bool) {
	if t.setCarrier(up) == nil && t.changed != nil {
		t.changed()
	}
}

// setCarrier needs Linux 5.0; on an older kernel the carrier is always there.
func (t *TAP) setCarrier(up bool) error {
	value := 0
	if up {
		value = 1
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return net.ErrClosed
	}
	err := unix.IoctlSetPointerInt(t.lanes[bulk].fd, unix.TUNSETCARRIER, value)
	if err != nil && err != unix.ENOTTY && err != unix.EINVAL {
		return fmt.Errorf("setting the carrier: %w", err)
	}
	return nil
}

// Drop counts frames that were given up.
func (t *TAP) Drop(in, out uint64) {
	if in != 0 {
		t.in.Add(in)
	}
	if out != 0 {
		t.out.Add(out)
	}
}

// Dropped gives how many frames were lost on this side of the kernel's counters.
func (t *TAP) Dropped() (in, out uint64) { return t.in.Load(), t.out.Load() }

// Close removes the interface, with its addresses and routes. Nobody may be using
// Fetch, Deliver or PollFDs' descriptors any more. It may be called more than once.
func (t *TAP) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	t.gone.Store(true)
	fds, _ := t.PollFDs()
	return errors.Join(closeAll(fds), t.gate.close())
}
