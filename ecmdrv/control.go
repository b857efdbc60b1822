package ecmdrv

import (
	"context"
	"time"

	"io-pkt/internal/nic"
	"io-pkt/internal/poll"
	"io-pkt/slog"
	"io-pkt/usb"
)

// SetEthernetPacketFilter (ECM 1.2, 6.2.4 and table 8).
const (
	reqSetEthernetPacketFilter = 0x43

	filterPromiscuous  = 0x01
	filterAllMulticast = 0x02
	filterDirected     = 0x04
	filterBroadcast    = 0x08
)

// filterFor gives the packet filter for a receive mode. As soon as any group is
// joined all of them are asked for: few devices can filter them, and one that
// hears none breaks IPv6.
func filterFor(m nic.ReceiveMode) uint16 {
	f := uint16(filterDirected | filterBroadcast)
	if m.Multicast || m.AllMulticast || m.Promiscuous {
		f |= filterAllMulticast
	}
	if m.Promiscuous {
		f |= filterPromiscuous
	}
	return f
}

// filter is filterFor, for a device that sorts by its own address.
func (d *device) filter(m nic.ReceiveMode) uint16 {
	m.Promiscuous = m.Promiscuous || d.foreign()
	return filterFor(m)
}

// control is a device's second goroutine: it makes every request that the device
// has to answer, and follows the link.
type control struct {
	device *device
	poller *poll.Poller
	filter uint16 // the last one that was sent

	halts   chan *pipe // from the loop: endpoints to be cleared
	cleared chan halt  // and what came of it

	listener   *listener // nil without notification endpoint
	link       link
	statistics *statistician
	at         *atChannel // nil without terminal
}

// A halt is the outcome of clearing an endpoint's halt.
type halt struct {
	pipe *pipe
	err  error
}

func newControl(d *device) (*control, error) {
	p, err := poll.New()
	if err != nil {
		return nil, err
	}
	// Each of the two pipes asks once and waits for the answer.
	return &control{device: d, poller: p, halts: make(chan *pipe, 2), cleared: make(chan halt, 2),
		statistics: newStatistician(d)}, nil
}

// run ends when the device does, and ctx with it. A request that is under way
// may take until its own time is over then.
func (c *control) run(ctx context.Context) {
	d := c.device
	now := time.Now()
	c.link.silence = now
	if c.listener != nil {
		c.link.silence = now.Add(silenceTime)
	}
	d.port.SetLink(false)
	defer func() {
		d.port.SetLink(false)
		d.setStatus(nic.Status{})
	}()
	for !d.stopping.Load() {
		c.updateFilter(ctx)
		c.clearHalts(ctx)
		now = time.Now()
		if c.listener != nil {
			if err := c.listener.step(ctx, now, c.heard); err != nil {
				d.end(err)
				return
			}
		}
		c.updateLink(now)
		if c.at != nil {
			if err := c.at.step(ctx, now); err != nil {
				d.end(err)
				return
			}
		}
		c.statistics.step(ctx, now)
		wait := c.statistics.deadline(now, c.link.deadline(now))
		if c.listener != nil {
			wait = c.listener.deadline(now, wait)
		}
		if c.at != nil {
			wait = c.at.deadline(now, wait)
		}
		if err := c.poller.Wait(wait); err != nil {
			d.end(err)
			return
		}
	}
}

// setFilter sends a packet filter. Whether the device takes it does not matter:
// the filter is optional, and many accept everything.
func (c *control) setFilter(ctx context.Context, filter uint16) error {
	d := c.device
	c.filter = filter
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	_, err := d.usb.Control(ctx, usb.Setup{
		RequestType: usb.DirOut | usb.TypeClass | usb.RecipientInterface,
		Request:     reqSetEthernetPacketFilter,
		Value:       filter,
		Index:       uint16(d.function.control),
	}, nil)
	return err
}

// updateFilter sends the newest filter that the host wants, if it is news.
func (c *control) updateFilter(ctx context.Context) {
	d := c.device
	filter := uint16(d.mode.Load())
	if filter == c.filter {
		return
	}
	err := c.setFilter(ctx, filter)
	switch {
	case d.options().verbose == 0 || d.stopping.Load():
	case err != nil:
		d.log(slog.Info, "packet filter %02x (%s): %v", filter, filterWords(filter), err)
	default:
		d.log(slog.Info, "packet filter %02x (%s)", filter, filterWords(filter))
	}
}

// clearHalts does what the loop has asked for.
func (c *control) clearHalts(ctx context.Context) {
	for len(c.halts) > 0 {
		p := <-c.halts
		asking, cancel := context.WithTimeout(ctx, requestTime)
		err := c.device.queue.ClearHalt(asking, p.address)
		cancel()
		if err != nil {
			c.device.failing(time.Now(), "endpoint %02x: clearing its halt: %v", p.address, err)
		}
		c.cleared <- halt{p, err}
		c.device.loop.mover.poller.Wake()
	}
}

// heard takes a notification.
func (c *control) heard(n notification) {
	c.device.counters.add(notifications, 1)
	switch n.code {
	case notifyNetworkConnection:
		c.link.connection(n.connected)
	case notifyConnectionSpeed:
		c.link.speed(n.down, n.up)
	case notifyResponseAvailable:
		if c.at != nil {
			c.at.notified()
		}
	}
}

// updateLink tells the host and the log what is new.
func (c *control) updateLink(now time.Time) {
	d := c.device
	up, change := c.link.step(now)
	d.setStatus(nic.Status{
		LinkUp: up, LinkKnown: c.link.known,
		BitRateIn: uint64(c.link.down), BitRateOut: uint64(c.link.up),
	})
	if change {
		d.counters.add(linkChanges, 1)
		d.port.SetLink(up)
		switch {
		case !up:
			d.log(slog.Info, "link down")
		case c.link.known:
			d.log(slog.Info, "link up")
		default:
			d.log(slog.Info, "link up (the device does not say)")
		}
	}
	if c.link.rates(now) && d.options().verbose > 0 {
		d.log(slog.Info, "speed %d bits/s in, %d bits/s out", c.link.down, c.link.up)
	}
}
