package ecmdrv

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"io-pkt/internal/affinity"
	"io-pkt/internal/poll"
)

// movers are the goroutines that move frames: at most one for each processor, so
// that they do not take the processors from each other, nor from the programs whose
// frames they move. One processor is left to the interrupts, as long as there are few
// devices. The zero value has none.
type movers struct {
	mu  sync.Mutex
	all []*mover
}

// A mover is one goroutine that moves the frames of some devices. It waits for all
// of them together, and then does a round for each. It starts with its first
// device and ends with its last.
type mover struct {
	movers *movers
	poller *poll.Poller
	loops  []*loop
	news   atomic.Bool // a device comes or goes

	// Guarded by movers.mu.
	joining []*loop
	size    int // both together
}

// add has a loop run until its device is stopping. Then left is closed, and no
// mover knows the loop any more.
func (s *movers) add(l *loop) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.pick()
	if m == nil {
		p, err := poll.New()
		if err != nil {
			return err
		}
		m = &mover{movers: s, poller: p}
		s.all = append(s.all, m)
		go m.run()
	}
	m.size++
	m.joining = append(m.joining, l)
	l.mover = m
	m.regroup()
	return nil
}

// crowd is how many devices each of the other movers has when one starts on the last
// processor, too, where the interrupts are. In the guest of scripts/vm with its two
// processors, two of Linux's ECM gadgets have 829 Mb/s out and 661 in with one mover,
// 573 and 498 with two; four have 526 and 592, 579 and 577; eight 453 and 501, 596 and
// 519.
const crowd = 2

// pick gives the mover for one more device, or nil where that is to have a new one. The
// caller holds s.mu.
func (s *movers) pick() *mover {
	free := runtime.NumCPU() - len(s.all)
	if len(s.all) == 0 || free > 1 {
		return nil
	}
	m := slices.MinFunc(s.all, func(a, b *mover) int { return a.size - b.size })
	if free == 1 && m.size >= crowd {
		return nil
	}
	return m
}

// count gives how many movers there are.
func (s *movers) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

// regroup makes the goroutine look who has come and who is to go.
func (m *mover) regroup() {
	m.news.Store(true)
	m.poller.Wake()
}

// run ends when nobody is left.
func (m *mover) run() {
	for !m.news.Swap(false) || m.group() {
		if err := m.round(); err != nil {
			for _, l := range m.loops {
				l.device.end(err)
			}
		}
		m.settle()
	}
}

// keeper keeps the process off the interrupts' processor, for all movers.
var keeper struct {
	sync.Mutex
	affinity.Keeper
}

// settle tells the keeper of a round, unless another mover is just doing that.
func (m *mover) settle() {
	if !keeper.TryLock() {
		return
	}
	defer keeper.Unlock()
	if now := time.Now(); keeper.Due(now) {
		_ = keeper.Settle(now, m.movers.count()) // the frames move on, if slower
	}
}

// group takes in who has come and lets go who is stopping. It reports whether there
// is anybody.
func (m *mover) group() bool {
	m.movers.mu.Lock()
	m.loops = append(m.loops, m.joining...)
	m.joining = nil
	var gone []*loop
	m.loops = slices.DeleteFunc(m.loops, func(l *loop) bool {
		stops := l.device.stopping.Load()
		if stops {
			gone = append(gone, l)
		}
		return stops
	})
	m.size = len(m.loops)
	if m.size == 0 {
		m.movers.all = slices.DeleteFunc(m.movers.all, func(x *mover) bool { return x == m })
	}
	m.movers.mu.Unlock()
	keeper.Lock()
	keeper.Again() // outside of movers.mu, which settle takes while it has this
	keeper.Unlock()

	m.poller.Reset()
	for _, l := range m.loops {
		l.watch()
	}
	if len(m.loops) == 0 {
		_ = m.poller.Close()
	}
	for _, l := range gone {
		close(l.left)
	}
	return len(m.loops) > 0
}

// round waits, and handles everything that there is then. An error of one device
// ends that device.
func (m *mover) round() error {
	now, wait := time.Now(), time.Duration(-1)
	for _, l := range m.loops {
		wait = l.timeout(now, wait)
	}
	if err := m.poller.Wait(wait); err != nil {
		return err
	}
	now = time.Now()
	for _, l := range m.loops {
		if err := l.round(now); err != nil {
			l.device.end(err)
		}
	}
	return nil
}
