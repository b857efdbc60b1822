// Package sim is CDC-ECM devices in software, on a bus that is a usb.Stack.
//
// A Device has the state of a real one: configurations, alternate settings,
// halted endpoints, a packet filter, counters, a link that goes up and down.
// Frames move between its bulk endpoints and a Network, what is behind the
// device, packet by packet as on a wire: a short packet ends a frame, one that
// is a multiple of wMaxPacketSize ends with a zero-length packet. SetFault makes
// a device misbehave.
//
//	bus := sim.NewBus(1)
//	defer bus.Close()
//	dev, err := sim.NewDevice(sim.Config{Network: sim.NewMirror()})
//	...
//	err = bus.Plug(dev)
//
// A Device lives from NewDevice to its Close, or that of the bus it was plugged
// into; in between it may be pulled and plugged any number of times. It runs one
// goroutine, which carries frames from the host to the network; what comes from
// the network is handled by the network's own. A Bus runs none.
package sim
