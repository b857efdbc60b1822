package ecmdrv

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/nic"
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
	q.held = append(q.held, ts...)
	in := func(t *usb.Transfer) bool { return t.Endpoint&usb.DirIn != 0 }
	for len(ts) > 0 {
		what, n := "submit", 1
		if in(ts[0]) {
			what = "receive"
		}
		for n < len(ts) && in(ts[n]) == in(ts[0]) {
			n++
		}
		q.diary.write("%s %d", what, n)
		ts = ts[n:]
	}
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

func (p *quietPort) Fetch(ready uint, bufs [][]byte, lens []int) (int, error) {
	n := min(p.left, len(bufs))
	p.left -= n
	if ready == nic.Everywhere {
		p.diary.write("fetch %d everywhere", n)
	} else {
		p.diary.write("fetch %d", n)
	}
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

// What is alone does not wait for the question whether there is more; what is in company
// is handled together, but what the host sends in parts. It goes first, and again when
// much has come, and nothing waits until as many transfers are submitted to receive.
func TestRound(t *testing.T) {
	for _, tt := range []struct {
		name            string
		single, starved bool
		sent, received  int
		want            diary
	}{
		{"frames went alone", true, false, 3, 0, diary{"fetch 1", "submit 1", "fetch 2", "submit 2"}},
		{"frames went together", false, false, 3, 0, diary{"fetch 3", "submit 3"}},
		{"frames came alone", true, false, 0, 2, diary{"fetch 0", "reap 1", "deliver 1", "reap 1", "deliver 1"}},
		{"frames came together", false, false, 0, 2, diary{"fetch 0", "reap 2", "deliver 2"}},
		{"frames went and came", false, false, 2, 3, diary{"fetch 2", "submit 2", "reap 3", "deliver 3"}},
		{"many went", false, false, 70, 0, diary{
			"fetch 32", "submit 32", "fetch 32 everywhere", "submit 32", "fetch 6 everywhere", "submit 6"}},
		{"many came", false, false, 0, 32, diary{
			"fetch 0", "reap 32", "deliver 32", "fetch 0 everywhere", "receive 32"}},
		{"fewer came", false, false, 0, 31, diary{"fetch 0", "reap 31", "deliver 31", "receive 31"}},
		{"some went, where there was no room", false, true, 3, 5, diary{
			"reap 5", "deliver 5", "fetch 3 everywhere", "submit 3", "receive 5"}},
		{"many went, where there was no room", false, true, 70, 5, diary{
			"reap 5", "deliver 5", "fetch 32 everywhere", "submit 32",
			"receive 5", "fetch 32 everywhere", "submit 32", "fetch 6 everywhere", "submit 6"}},
		{"one went alone, where there was no room", true, true, 3, 5, diary{
			"reap 1", "deliver 1", "reap 4", "deliver 4",
			"fetch 1 everywhere", "submit 1", "fetch 2 everywhere", "submit 2", "receive 5"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, q, p, got := newQuiet(t)
			l := m.loops[0]
			l.rx.single, l.tx.single = tt.single, tt.single
			l.limit.size = l.limit.most
			l.starve(tt.starved)
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

// Nothing is taken back while transfers are only about to be submitted: of an endpoint
// that has halted meanwhile they might never come back.
func TestNothingIsHeldBack(t *testing.T) {
	m, q, p, got := newQuiet(t)
	l := m.loops[0]
	l.limit.size = part
	l.rx.throttle.until = time.Now().Add(time.Hour)
	q.end(l.rx.address, 5)
	if err := m.round(); err != nil {
		t.Fatal(err)
	}
	l.rx.throttle.until = time.Time{}
	*got = nil
	p.left = part
	q.end(l.rx.address, 1)
	if err := m.round(); err != nil {
		t.Fatal(err)
	}
	want := diary{"fetch 32", "submit 32", "receive 5", "reap 1", "deliver 1"}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("a round (-want +got):\n%s", diff)
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
