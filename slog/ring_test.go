package slog

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func epoch() time.Time { return at(0, 0) }

func event(text string) []byte { return Event{Text: text}.Append(nil) }

// take reads everything up to last.
func take(t *testing.T, r *ring, c *cursor, last uint64) (texts []string, missed uint64) {
	t.Helper()
	buf := make([]byte, 2*MaxEvent)
	for {
		b := r.read(c, last, buf)
		missed += b.missed
		if b.n == 0 && b.missed == 0 {
			return texts, missed
		}
		for data := buf[:b.n]; len(data) > 0; {
			e, n, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			texts, data = append(texts, e.Text), data[n:]
		}
	}
}

// The ring wraps many times, with events of all sizes, and always holds exactly
// the newest that fit.
func TestRingKeepsTheNewest(t *testing.T) {
	r := newRing(0, epoch)
	var all []string
	for i := range 500 {
		text := fmt.Sprintf("%d%s", i, strings.Repeat(".", i*37%MaxText/2))
		all = append(all, text)
		r.add(event(text))

		fit, size := len(all), 0
		for fit > 0 && size+len(event(all[fit-1])) <= MinSize {
			fit--
			size += len(event(all[fit]))
		}
		c := r.at(0)
		texts, missed := take(t, r, &c, endless)
		if got, want := strings.Join(texts, ","), strings.Join(all[fit:], ","); got != want || missed != 0 {
			t.Fatalf("after %d events: missed %d, got\n%s\nwant\n%s", i+1, missed, got, want)
		}
	}
}

func TestRingReaderLearnsWhatItMissed(t *testing.T) {
	r := newRing(0, epoch)
	r.add(event("first"))
	c := r.at(0)
	if texts, missed := take(t, r, &c, endless); len(texts) != 1 || missed != 0 {
		t.Fatalf("%q, missed %d", texts, missed)
	}
	const n = 1000
	for i := range n {
		r.add(event(fmt.Sprint(i)))
	}
	texts, missed := take(t, r, &c, endless)
	if got := uint64(len(texts)) + missed; got != n || missed == 0 {
		t.Errorf("%d given, %d missed, of %d", len(texts), missed, n)
	}
	if got, want := texts[0], fmt.Sprint(missed); got != want {
		t.Errorf("goes on at %s, want %s", got, want)
	}
}

func TestRingClear(t *testing.T) {
	r := newRing(0, epoch)
	for i := range 5 {
		r.add(event(fmt.Sprint(i + 1))) // sequence number i+1
	}
	behind := r.at(2)
	r.clear(3)
	c := r.at(0)
	if texts, missed := take(t, r, &c, endless); strings.Join(texts, "") != "45" || missed != 0 {
		t.Errorf("after clear: %q, missed %d", texts, missed)
	}
	if texts, missed := take(t, r, &behind, endless); strings.Join(texts, "") != "45" || missed != 2 {
		t.Errorf("a reader that was behind: %q, missed %d", texts, missed)
	}
	r.clear(endless)
	r.add(event("6"))
	if texts, _ := take(t, r, &c, endless); strings.Join(texts, "") != "6" {
		t.Errorf("after clearing all: %q", texts)
	}
}

func TestRingAt(t *testing.T) {
	r := newRing(0, epoch)
	for i := range 5 {
		r.add(event(fmt.Sprint(i + 1)))
	}
	r.clear(1)
	for _, c := range []struct {
		from, last uint64
		want       string
		missed     uint64
	}{
		{0, endless, "2345", 0},
		{1, endless, "2345", 1},
		{2, endless, "2345", 0},
		{4, endless, "45", 0},
		{6, endless, "", 0},
		{7, endless, "2345", 0}, // not of this ring
		{endless, endless, "2345", 0},
		{0, 3, "23", 0},
		{0, 0, "", 0},
	} {
		cur := r.at(c.from)
		texts, missed := take(t, r, &cur, c.last)
		if got := strings.Join(texts, ""); got != c.want || missed != c.missed {
			t.Errorf("from %d to %d: %q, missed %d; want %q, %d", c.from, c.last, got, missed, c.want, c.missed)
		}
	}
}

func TestRingWakesReaders(t *testing.T) {
	r := newRing(0, epoch)
	c := r.at(0)
	var wg sync.WaitGroup
	buf := make([]byte, MaxEvent)
	wait := r.read(&c, endless, buf).wait
	wg.Go(func() { r.add(event("x")) })
	<-wait
	if b := r.read(&c, endless, buf); b.n == 0 {
		t.Error("woken for nothing")
	}
	wait = r.read(&c, endless, buf).wait
	wg.Go(r.close)
	<-wait
	if b := r.read(&c, endless, buf); b.n != 0 || b.wait != nil {
		t.Errorf("after close: %+v", b)
	}
	wg.Wait()
	r.add(event("late"))
	if r.newest() != 1 {
		t.Error("a closed ring takes events")
	}
}
