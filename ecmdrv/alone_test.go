package ecmdrv

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/usb"
)

// A diary says what a loop does with its bus and its host, in order.
type diary []string

func (d *diary) write(format string, args ...any) { *d = append(*d, fmt.Sprintf(format, args...)) }

// A quietQueue ends what the test wants to end.
type quietQueue struct {
	*instantQueue
	diary *diary
	held  []*usb.Transfer // submitted, oldest first
}

func (q *quietQueue) Submit(ts ...*usb.Transfer) error {
	for _, t := range ts {
		if t.Endpoint&usb.DirIn == 0 {
			q.diary.write("submit")
		}
	}
	q.held = append(q.held, ts...)
	return nil
}

// end ends the n oldest transfers of an endpoint, with a frame in each.
func (q *quietQueue) end(endpoint uint8, n int) {
	q.held = slices.DeleteFunc(q.held, func(t *usb.Transfer) bool {
		if t.Endpoint != endpoint || n == 0 {
			return false
		}
		n--
		t.Actual = 60
		q.ended = append(q.ended, t)
		return true
	})
}

func (q *quietQueue) Reap(done []*usb.Transfer) (int, error) {
	n, err := q.instantQueue.Reap(done)
	if n > 0 {
		q.diary.write("reap %d", n)
	}
	return n, err
}

// A quietPort has as many frames to send as the test wants.
type quietPort struct {
	*instantPort
	diary   *diary
	left    int
	backlog int
}

func (p *quietPort) Backlog(frames int) { p.backlog = frames }

func (p *quietPort) Fetch(_ uint, bufs [][]byte, lens []int) (int, error) {
	n := min(p.left, len(bufs))
	p.left -= n
	p.diary.write("fetch %d", n)
	return p.instantPort.Fetch(0, bufs[:n], lens)
}

func (p *quietPort) Deliver(frames [][]byte) error {
	p.diary.write("deliver %d", len(frames))
	return nil
}

// newQuiet makes a mover with a loop for which nothing has happened yet.
func newQuiet(t *testing.T) (*mover, *quietQueue, *quietPort, *diary) {
	t.Helper()
	m, port := newInstantMover(t, 60)
	l, d := m.loops[0], new(diary)
	instant := l.queue.(*instantQueue)
	q := &quietQueue{instantQueue: instant, diary: d, held: slices.Clone(instant.ended)}
	instant.ended = nil
	p := &quietPort{instantPort: port, diary: d}
	l.queue, l.device.port = q, p
	return m, q, p, d
}

// What is alone does not wait for the question whether there is more; what is in
// company is handled together.
func TestAloneAndTogether(t *testing.T) {
	for _, tt := range []struct {
		name           string
		single         bool
		sent, received int
		want           diary
	}{
		{"frames went alone", true, 3, 0, diary{"fetch 1", "submit", "fetch 2", "submit", "submit"}},
		{"frames went together", false, 3, 0, diary{"fetch 3", "submit", "submit", "submit"}},
		{"frames came alone", true, 0, 2, diary{"reap 1", "deliver 1", "reap 1", "deliver 1", "fetch 0"}},
		{"frames came together", false, 0, 2, diary{"reap 2", "deliver 2", "fetch 0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, q, p, got := newQuiet(t)
			l := m.loops[0]
			l.rx.single, l.tx.single = tt.single, tt.single
			p.left = tt.sent
			q.end(l.rx.address, tt.received)
			if err := m.round(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("a round (-want +got):\n%s", diff)
			}
		})
	}
}

// A loop finds out by itself whether frames are alone.
func TestSingle(t *testing.T) {
	m, q, p, _ := newQuiet(t)
	l := m.loops[0]
	want := false
	for _, n := range []int{0, 1, 0, 2, 0, 3, 1} {
		p.left = n
		q.end(l.rx.address, n)
		q.end(l.tx.address, 1)
		if err := m.round(); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			want = n == 1
		}
		if l.rx.single != want || l.tx.single != want {
			t.Errorf("after %d frames each way: received alone %t, sent alone %t, want %t", n, l.rx.single, l.tx.single, want)
		}
	}
}

// Only a few receive transfers are missing at a time, and then they all come back.
func TestRefill(t *testing.T) {
	m, q, _, _ := newQuiet(t)
	l := m.loops[0]
	most := l.depth.size / fewMissing
	if most == 0 {
		t.Fatalf("of %d transfers none may be missing", l.depth.size)
	}
	for i := range 3 * (most + 1) {
		q.end(l.rx.address, 1)
		if err := m.round(); err != nil {
			t.Fatal(err)
		}
		if got, want := len(l.rx.idle), (i+1)%(most+1); got != want {
			t.Errorf("after %d frames: %d transfers are missing, want %d", i+1, got, want)
		}
	}
}
