package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"

	"io-pkt/usb/sim"
	"io-pkt/usb/sim/modem"
	"io-pkt/usb/sim/netstack"
	"io-pkt/usb/sim/tap"
	"io-pkt/usb/usbip"
)

// A simulator is a bus with its devices, in the order of the command line.
type simulator struct {
	bus     *sim.Bus
	devices []*sim.Device
}

// simulate serves simulated devices until ctx is done. It calls ready when they
// can be used.
func simulate(ctx context.Context, c commandLine, ready func(), stderr io.Writer) (err error) {
	control, err := listen(c.path + ctlSuffix)
	if err != nil {
		return err
	}
	defer control.Close()
	s, err := newSimulator(c.sims)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.bus.Close()) }()
	var listeners []net.Listener
	for _, o := range c.sims {
		if o.listen == "" {
			continue
		}
		l, err := net.Listen("tcp", o.listen)
		if err != nil {
			return err
		}
		defer l.Close()
		listeners = append(listeners, l)
	}
	l, err := listen(c.path) // late: scripts wait for it
	if err != nil {
		return err
	}
	defer l.Close()
	for _, path := range append(c.buses()[1:], c.driverFiles()...) {
		link, err := newLink(c.path, path)
		if err != nil {
			return err
		}
		defer link.remove()
	}
	listeners = append(listeners, l)
	if c.verbose {
		for _, l := range listeners {
			fmt.Fprintf(stderr, "io-usb: %d simulated devices at %v\n", len(s.devices), l.Addr())
		}
	}
	return s.serve(ctx, listeners, control, ready)
}

// serve serves USB/IP and commands until ctx is done or a listener fails.
func (s *simulator) serve(ctx context.Context, listeners []net.Listener, control net.Listener, ready func()) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	server := usbip.NewServer(s.bus)
	commands := newCommands(s)
	var running sync.WaitGroup
	for _, l := range listeners {
		running.Go(func() {
			if err := server.Serve(l); err != nil {
				fail(fmt.Errorf("serve %v: %w", l.Addr(), err))
			}
		})
	}
	running.Go(func() {
		if err := commands.serve(control); err != nil {
			fail(fmt.Errorf("serve %v: %w", control.Addr(), err))
		}
	})
	ready()
	<-ctx.Done()
	commands.close(control)
	_ = server.Close()
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// newSimulator makes the devices and plugs them in.
func newSimulator(sims []simOptions) (*simulator, error) {
	number := 1
	for _, o := range sims {
		if o.bus != 0 {
			number = o.bus
		}
	}
	s := &simulator{bus: sim.NewBus(number)}
	for _, o := range sims {
		if err := s.add(o); err != nil {
			_ = s.bus.Close()
			return nil, err
		}
	}
	return s, nil
}

// add makes the devices of one -d sim.
func (s *simulator) add(o simOptions) error {
	var desc *sim.Descriptors
	if o.desc != "" {
		text, err := os.ReadFile(o.desc)
		if err != nil {
			return err
		}
		if desc, err = sim.ParseDescriptors(string(text)); err != nil {
			return fmt.Errorf("%s: %w", o.desc, err)
		}
	}
	for i := range o.count {
		n := len(s.devices)
		c := sim.Config{
			Speed: o.speed, VendorID: o.vid, ProductID: o.did, Serial: o.serial,
			SegmentSize: o.segment, NotifyPacket: o.notify, Descriptors: desc,
		}
		if o.modem {
			c.Modem, c.MaxCommand = modem.New(modem.Config{PIN: o.pin}), o.command
		}
		switch {
		case o.mac != nil:
			c.MAC = step(o.mac, i)
		case desc == nil:
			c.MAC = step(net.HardwareAddr{0x02, 'i', 'o', 'p', 'k', 0}, n)
		}
		segment := o.segment
		if desc != nil {
			segment = desc.SegmentSize()
		}
		var err error
		if c.Network, err = o.network(i, n, segment); err != nil {
			return err
		}
		d, err := sim.NewDevice(c)
		if err != nil {
			return err
		}
		if err := s.bus.Plug(d); err != nil {
			return errors.Join(err, d.Close())
		}
		s.devices = append(s.devices, d)
	}
	return nil
}

// network makes what is behind the i-th device of these options, which is the
// n-th of all. segment is its wMaxSegmentSize, 0 for the usual one.
func (o simOptions) network(i, n, segment int) (sim.Network, error) {
	mtu := 0
	if segment != 0 {
		mtu = max(segment-14, 68) // no IP network has less (RFC 791)
	}
	switch o.net {
	case netStack:
		mac := step(net.HardwareAddr{0x02, 'i', 'o', 'p', 1, 0}, n)
		return netstack.New(netstack.Config{Addr: o.addr, MAC: mac, MTU: mtu})
	case netTAP:
		name := o.tap
		if o.count > 1 {
			name += strconv.Itoa(i)
		}
		return tap.New(tap.Config{Name: name, Namespace: o.netns, Addr: o.addr, MTU: mtu})
	}
	return nil, nil
}

// step gives the address n after mac.
func step(mac net.HardwareAddr, n int) net.HardwareAddr {
	b := slices.Concat([]byte{0, 0}, mac)
	binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(b)+uint64(n))
	return b[2:]
}
