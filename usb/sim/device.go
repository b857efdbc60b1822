package sim

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"io-pkt/usb"
	"io-pkt/usb/sim/modem"
)

// Stats counts frames.
type Stats struct {
	ToHost, FromHost uint64 // carried
	Filtered         uint64 // not wanted by the packet filter
	NoBuffer         uint64 // for the host, dropped as it was too slow
	Bad              uint64 // from the host, too short or too long
}

// A Device is one simulated device. All methods may be called by several
// goroutines.
type Device struct {
	desc    Descriptors
	configs []*usb.Config // parsed desc.Configs
	speed   usb.Speed
	bitRate uint32
	network Network

	maxCommand int

	wake chan struct{} // tells run to look
	stop chan struct{}
	done chan struct{} // run has ended

	closing sync.Once

	mu      sync.Mutex
	bus     *Bus     // the last one it was plugged into
	session *session // nil while it is not plugged in
	closed  bool
	modem   *modem.Modem // nil for none
	cable   bool         // what SetLink has said
	linkUp  bool         // cable, and the modem is online
	backlog backlog      // for the host
	stats   Stats
	idle    *sync.Cond // signaled when run gives transfers back

	faults      faults
	faultChange chan struct{} // closed at a change
	stormUp     bool          // what Storm said last
	pulledSelf  bool          // PullSelf has happened; run is going to tell the bus
}

// NewDevice makes a device that is not plugged in yet, and starts its network.
// After an error the network is closed.
func NewDevice(c Config) (*Device, error) {
	if c.Network == nil {
		c.Network = none{}
	}
	d, err := newDevice(c)
	if err == nil {
		if err = c.Network.Start(d.deliver); err != nil {
			err = fmt.Errorf("start the network behind the device: %w", err)
		}
	}
	if err != nil {
		_ = c.Network.Close()
		return nil, err
	}
	go d.run()
	return d, nil
}

func newDevice(c Config) (*Device, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	d := &Device{
		speed: c.Speed, bitRate: c.BitRate, network: c.Network, maxCommand: c.MaxCommand,
		modem: c.Modem, cable: true, linkUp: c.Modem == nil,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
		faultChange: make(chan struct{}),
	}
	d.idle = sync.NewCond(&d.mu)
	if c.Descriptors != nil {
		d.desc = *c.Descriptors
	} else {
		d.desc = build(c)
	}
	for i, raw := range d.desc.Configs {
		conf, err := usb.ParseConfig(raw)
		if err != nil {
			return nil, fmt.Errorf("configuration with index %d: %w", i, err)
		}
		d.configs = append(d.configs, conf)
		if f, ok := findFunction(conf); ok && c.Descriptors != nil && c.MAC != nil {
			d.desc = d.desc.withString(f.mac, fmt.Sprintf("%X", []byte(c.MAC)))
		}
	}
	d.backlog = newBacklog(d.desc.SegmentSize())
	return d, nil
}

// SetLink says whether the device's own link is up, as if its cable came and
// went. While it is down, or the modem has no data session, no frames pass.
func (d *Device) SetLink(up bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cable = up
	d.updateLink()
}

// updateLink tells the host of a change. The caller holds d.mu.
func (d *Device) updateLink() {
	up := d.cable && (d.modem == nil || d.modem.Online())
	if up == d.linkUp {
		return
	}
	d.linkUp = up
	if s := d.session; s != nil && s.in != nil {
		d.notifyLink(s)
	}
}

// String says what the device is and how it is, in one line.
func (d *Device) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	where, link := "not plugged in", "down"
	if d.session != nil {
		where = fmt.Sprintf("port %s address %d", d.session.info.Port, d.session.info.Address)
	}
	if d.linkUp {
		link = "up"
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%04x:%04x %v speed, %s, link %s, to host %d, from host %d",
		d.desc.Device.VendorID, d.desc.Device.ProductID, d.speed, where, link, d.stats.ToHost, d.stats.FromHost)
	for f, count := range d.faults {
		if count > 0 {
			fmt.Fprintf(&s, ", %v %d", Fault(f), count)
		}
	}
	return s.String()
}

// Stats gives the counters. They start at zero when the device is plugged in.
func (d *Device) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}

// Close pulls the device and closes the network behind it. It may be called
// more than once.
func (d *Device) Close() error {
	d.mu.Lock()
	bus := d.bus
	d.closed = true
	d.mu.Unlock()
	if bus != nil {
		bus.remove(d)
	}
	var err error
	d.closing.Do(func() {
		close(d.stop)
		<-d.done
		err = d.network.Close()
	})
	return err
}

// run carries frames from the host to the network, does what faults want done
// in time, and tells the bus when one of them has pulled the device. It ends
// when stop is closed.
func (d *Device) run() {
	defer close(d.done)
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	var (
		c      carrier
		period time.Duration
	)
	for {
		p, wait := d.period()
		if p != period {
			period = p
			ticker.Reset(cmp.Or(p, time.Hour))
		}
		for !wait && c.carry(d) {
		}
		select {
		case <-d.wake:
			d.tellBus()
		case <-ticker.C:
			d.tick()
			c.carry(d)
		case <-d.stop:
			return
		}
	}
}

// tellBus tells the bus about a device that has pulled itself.
func (d *Device) tellBus() {
	d.mu.Lock()
	bus, pulled := d.bus, d.pulledSelf
	d.pulledSelf = false
	d.mu.Unlock()
	if pulled {
		_ = bus.Pull(d) // fails when somebody else did it meanwhile
	}
}

// kick makes run look.
func (d *Device) kick() {
	select {
	case d.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}
