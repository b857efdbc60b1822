// Package nic is what a driver and the stack say to each other. A driver knows
// hardware and nothing of TAPs, addresses or sockets; the stack
// (internal/stack) knows those and nothing of USB.
//
//	stack                          driver (ecmdrv)
//	  Driver.Load(host, options) ---> finds hardware
//	  Host.Attach(spec, dev)     <---   one call for each interface: a Port
//	  Device.SetReceiveMode      --->
//	  Port.Fetch, Port.Deliver   <---   frames, from the driver's own goroutine
//	  Device.Close               --->   ifconfig IF destroy
//	  Host.Detach(port, why)     <---   the hardware was pulled
//	  Module.Close               --->   the driver is unloaded
package nic

import (
	"context"
	"net"

	"io-pkt/slog"
)

// A Driver is a network driver: what a devnp-*.so is on QNX.
type Driver interface {
	// Load starts the driver with its option word (the text between the
	// driver's name and the next option, "busnum=1,verbose"; the words name=,
	// unit= and lan= are taken out by the stack). It returns when it is known
	// whether the driver can work: the interfaces that are there now are
	// attached. The error's syscall.Errno, or else EIO, is the reason that is
	// logged. After an error nothing of the driver is left.
	Load(ctx context.Context, host Host, options string) (Module, error)
}

// A Module is a loaded driver.
type Module interface {
	// Resident reports whether the driver stays loaded while it has no
	// interface, as with pnp.
	Resident() bool

	// Close unloads the driver: it closes what it has attached and ends its
	// goroutines. It may be called more than once.
	Close() error
}

// A Host is what the stack offers to one loaded driver.
type Host interface {
	// Attach makes an interface for dev and gives the driver's end of it. The
	// number is the lowest free one unless the user chose one; then only one
	// interface can be attached, and a second fails with EBUSY.
	Attach(spec Spec, dev Device) (Port, error)

	// Detach removes an interface because its hardware has gone. It returns
	// when the interface is gone; the Port must not be in use any more. It does
	// not call Device.Close.
	Detach(p Port)

	// Log writes to the system log, under io-pkt's own code.
	Log(sev slog.Severity, format string, args ...any)
}

// Spec says what kind of interface a driver wants.
type Spec struct {
	Base         string           // base name: "ecm" gives ecm0, ecm1 ...
	Description  string           // one line for nicinfo: who made it and what it is
	MAC          net.HardwareAddr // current address
	PermanentMAC net.HardwareAddr // the hardware's own, nil when it has none
	MTU          int              // initial MTU in bytes
	MaxMTU       int              // what the hardware can carry
}

// A Device is the driver's side of an interface, as the stack uses it. Its methods
// may be called by several goroutines, also before Attach has returned and after
// Close.
type Device interface {
	// Named tells the name of the interface, once, from within Host.Attach
	// and before anybody can see the interface.
	Named(name string)

	// SetReceiveMode says which frames the host wants. It does not block: the
	// newest mode wins.
	SetReceiveMode(ReceiveMode)

	// SetUp says whether the interface is up. While it is down the driver drops
	// what it receives. It does not block.
	SetUp(up bool)

	// Status tells about the hardware, for ifconfig -v and nicinfo. It does not
	// block.
	Status() Status

	// Close takes the hardware out of service: nothing touches the Port after
	// it returned. It may be called more than once, and does not call back into
	// the Host.
	Close() error
}

// ReceiveMode says which frames beside those to the interface's own address and
// to broadcast the host wants.
type ReceiveMode struct {
	Promiscuous  bool
	AllMulticast bool // every multicast group
	Multicast    bool // some groups have been joined
}

// Status is what a driver knows of its hardware.
type Status struct {
	LinkUp     bool
	LinkKnown  bool   // false: the device has not said
	BitRateIn  uint64 // towards the host, bits per second, 0 when unknown
	BitRateOut uint64
	Counters   []Counter // in the order to print them
}

// A Counter is one of the driver's counters, in the words of the driver.
type Counter struct {
	Name  string
	Value uint64
}

// Everywhere is for Port.Fetch: each descriptor may have something.
const Everywhere = ^uint(0)

// A Port is the stack's end of an interface, as the driver uses it. Fetch
// and Deliver belong to the one goroutine that moves frames. Nothing in a Port
// blocks.
type Port interface {
	// Name gives the interface's name, "ecm0".
	Name() string

	// Fetch takes outgoing frames from the host: as many as there are, at most
	// len(bufs), each written into one of the buffers that the driver lends,
	// whose length must be MaxMTU + 14 (+ 4 for a VLAN tag) or more. lens[i]
	// is set to the length of the frame in bufs[i]. A frame is at least 14
	// bytes long. It returns how many; 0 when there is none now. ready says at
	// which of PollFDs' descriptors poll(2) has seen something, bit i at the
	// i-th; at others nothing is looked for.
	Fetch(ready uint, bufs [][]byte, lens []int) (int, error)

	// Deliver hands received frames to the host. They are the driver's again
	// when it returns. What the host cannot take is dropped and counted.
	Deliver(frames [][]byte) error

	// PollFDs gives descriptors for poll(2) and the events that mean, at any of
	// them, that Fetch has something. They belong to the port.
	PollFDs() (fds []int, events int16)

	// Backlog says how many frames of full length are to wait for Fetch of what TCP sends,
	// which is told when there are more for long, and bounds what else waits; 0, as at
	// first, for as many as there is room for. It keeps what is sent from waiting long
	// behind what was sent before, and belongs to the goroutine that moves frames.
	Backlog(frames int)

	// SetLink sets the carrier. Any goroutine may call it.
	SetLink(up bool)

	// Drop counts frames that the driver had to give up, for ifconfig -v.
	Drop(in, out uint64)
}
