package ecmdrv

import (
	"errors"
	"time"

	"io-pkt/internal/nic"
	"io-pkt/usb"
)

// A loop moves the frames of one device, in rounds, which a mover has it do when the
// host's descriptor or ended transfers are ready. In each round it takes
// everything there is and handles it. It submits many transfers together, because each
// submission by itself makes the bus stop and start; but no more than a part of what
// the host sends, because what is urgent may wait behind it.
//
// There is no lock and no allocation for a frame. A received frame is handed to
// the host where the transfer has put it; an outgoing one is written by the host
// where the transfer takes it from.
type loop struct {
	device *device
	mover  *mover        // set by movers.add
	left   chan struct{} // closed when the mover has let go
	queue  usb.Queue

	rx, tx pipe
	depth  depth
	limit  limit
	frames assembler
	batch  [][]byte // received frames of this round
	bufs   [][]byte // lent to Port.Fetch
	lens   []int
	done   []*usb.Transfer

	packet    int   // wMaxPacketSize of bulk OUT
	pad       bool  // a frame of whole packets gets a byte more
	busPlace  int   // in the poller
	ports     []int // the host's places
	portEvent int16
	starved   bool // the host is not watched, because no more may be in flight

	progress time.Time // when a transmit transfer has last ended, or the first was submitted
	scolded  time.Time // when the watchdog last wrote to the log
}

// errHostGone says that the host's end of the interface has failed.
var errHostGone = errors.New("the interface is gone")

func newLoop(d *device) *loop { return &loop{device: d, left: make(chan struct{})} }

// prepare makes the transfers.
func (l *loop) prepare(q usb.Queue, f function, o options) error {
	l.queue = q
	l.packet, l.pad = int(f.out.MaxPacketSize), o.pad
	if err := l.rx.alloc(q, f.in.Address, o.receive, f.segment.receiveSize(int(f.in.MaxPacketSize))); err != nil {
		return err
	}
	if err := l.tx.alloc(q, f.out.Address, o.transmit, f.segment.transmitSize()+1); err != nil {
		return err
	}
	for _, t := range l.rx.all {
		t.Length = len(t.Buf)
	}
	rx, tx := len(l.rx.all), len(l.tx.all)
	l.frames.limit = f.segment.maxFrame()
	l.batch = make([][]byte, 0, rx)
	l.bufs, l.lens = make([][]byte, tx), make([]int, tx)
	l.done = make([]*usb.Transfer, rx+tx)
	l.depth, l.limit = depth{size: rx, most: rx}, newLimit(tx)
	return nil
}

// watch puts the descriptors into the mover's poller.
func (l *loop) watch() {
	fds, event := l.device.port.PollFDs()
	l.portEvent = event
	if l.starved {
		event = 0
	}
	l.busPlace = l.mover.poller.Add(l.queue.PollFD())
	l.ports = l.ports[:0]
	for _, fd := range fds {
		l.ports = append(l.ports, l.mover.poller.Add(fd, event))
	}
}

// round handles everything that the poller has seen, and everything that is due. Where
// one processor has to do it all, it takes some ms to take what has come and to submit
// as many transfers again. So what the host sends goes before that, if there is room,
// and between the two.
func (l *loop) round(now time.Time) error {
	if err := l.send(now); err != nil {
		return err
	}
	came, err := l.take(now)
	if err != nil {
		return err
	}
	l.unhalt(now)
	if l.starved || came >= part {
		if err := l.fetch(now, nic.Everywhere); err != nil {
			return err
		}
	}
	l.watchdog(now)
	return l.refill(now)
}

// timeout shortens a time to wait to when something needs to be done even if
// nothing happens.
func (l *loop) timeout(now time.Time, d time.Duration) time.Duration {
	d = l.tx.wait(now, l.rx.wait(now, d))
	if l.tx.inFlight() > 0 {
		d = sooner(d, l.progress.Add(watchdogTime).Sub(now))
	}
	return d
}

// receive submits the receive transfers for the first time.
func (l *loop) receive() error { return l.refill(time.Now()) }

// fewMissing is which part of the receive transfers may be missing.
const fewMissing = 16

// refill has as many receive transfers submitted as depth says, those that were in use
// last. It lets some be missing, because who is woken by a lone frame may be waiting for
// this processor: on one whose instructions are counted, a round trip takes 0.30 ms
// instead of 0.31.
func (l *loop) refill(now time.Time) error {
	n := min(l.depth.size-l.rx.inFlight(), len(l.rx.idle))
	if n <= l.depth.size/fewMissing || !l.rx.ready(now) {
		return nil
	}
	rest := len(l.rx.idle) - n
	err := l.queue.Submit(l.rx.idle[rest:]...)
	l.rx.idle = l.rx.idle[:rest]
	return err
}

// take takes back all transfers that have ended, and hands what has come to the host.
// Where frames come one by one, each is there before the bus is asked for another. It
// gives their number.
func (l *loop) take(now time.Time) (frames int, err error) {
	if l.mover.poller.Ready(l.busPlace) == 0 {
		return 0, nil
	}
	if l.rx.single {
		if frames, err = l.reap(now, l.done[:1]); err != nil {
			return 0, err
		}
	}
	more, err := l.reap(now, l.done)
	if frames += more; frames > 0 {
		l.rx.single = frames == 1
	}
	return frames, err
}

// reap takes back transfers that have ended, as many as done has room for, and gives the
// number of frames that came with them.
func (l *loop) reap(now time.Time, done []*usb.Transfer) (frames int, err error) {
	n, err := l.queue.Reap(done)
	if err != nil {
		return 0, err
	}
	var rx, tx tally
	for _, t := range done[:n] {
		p := &l.rx
		if t.Endpoint != l.rx.address {
			p = &l.tx
			l.limit.returned(now, t)
		}
		p.idle = append(p.idle, t)
		switch {
		case t.Err != nil:
			if err := l.failed(p, t, now); err != nil {
				return 0, err
			}
		case p == &l.rx:
			rx.transfers++
			if f := l.frames.add(t.Buf[:t.Actual], t.Actual < t.Length); f != nil {
				rx.frames++
				rx.bytes += len(f)
				l.batch = append(l.batch, f)
			}
		default:
			tx.transfers++
			tx.frames++
			tx.bytes += t.Actual
			l.progress = now
		}
	}
	l.count(rx, tx)
	l.fit(now, tx.transfers)
	return rx.frames, l.deliver()
}

// tally counts what one round has moved.
type tally struct{ transfers, frames, bytes int }

func (l *loop) count(rx, tx tally) {
	c := &l.device.counters
	l.depth.moved(rx, tx)
	if rx.transfers > 0 {
		l.rx.throttle.succeed(rx.transfers)
		c.add(rxFrames, uint64(rx.frames))
		c.add(rxBytes, uint64(rx.bytes))
	}
	if tx.frames > 0 {
		l.tx.throttle.succeed(tx.frames)
		c.add(txFrames, uint64(tx.frames))
		c.add(txBytes, uint64(tx.bytes))
	}
	if bad := l.frames.overlong + l.frames.runts; bad > 0 {
		c.add(rxOverlong, l.frames.overlong)
		c.add(rxRunts, l.frames.runts)
		l.device.port.Drop(bad, 0)
		l.frames.overlong, l.frames.runts = 0, 0
	}
}

// deliver hands the received frames to the host.
func (l *loop) deliver() error {
	if len(l.batch) == 0 {
		return nil
	}
	var err error
	if l.device.up.Load() {
		l.device.readdress(l.batch)
		err = l.device.port.Deliver(l.batch)
	} else {
		l.device.counters.add(rxWhileDown, uint64(len(l.batch)))
	}
	l.batch = l.batch[:0]
	l.frames.recycle()
	return err
}
