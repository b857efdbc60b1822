package ecmdrv

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at is a time of the tests below, in milliseconds.
func at(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }

func TestLink(t *testing.T) {
	type said struct {
		ms int
		up bool
	}
	type told struct {
		Ms int
		Up bool
	}
	for _, tt := range []struct {
		name    string
		silence int // ms
		said    []said
		want    []told
	}{
		{"says nothing", 4000, nil, []told{{4000, true}}},
		{"cannot say anything", 0, nil, []told{{0, true}}},
		{"up", 4000, []said{{100, true}}, []told{{100, true}}},
		{"down only", 4000, []said{{100, false}}, nil},
		{"down, then up", 4000, []said{{10, false}, {20, true}}, []told{{20, true}}},
		{"up late", 4000, []said{{6000, true}}, []told{{4000, true}}},
		{"down late", 4000, []said{{6000, false}}, []told{{4000, true}, {6000, false}}},
		{"repeated", 4000, []said{{10, true}, {20, true}, {3000, true}, {5000, true}}, []told{{10, true}}},
		{"slow changes", 4000, []said{{10, true}, {1500, false}, {3000, true}}, []told{{10, true}, {1500, false}, {3000, true}}},
		{"quick changes", 4000, []said{{10, true}, {20, false}, {30, true}, {40, false}}, []told{{10, true}, {1010, false}}},
		{"a blink", 4000, []said{{10, true}, {20, false}, {30, true}}, []told{{10, true}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := link{silence: at(tt.silence)}
			var got []told
			said := tt.said
			for ms := 0; ms < 10_000; {
				for len(said) > 0 && said[0].ms <= ms {
					l.connection(said[0].up)
					said = said[1:]
				}
				if up, change := l.step(at(ms)); change {
					got = append(got, told{ms, up})
				}
				// As the control goroutine does: asleep until then.
				idle := 10_000
				if d := l.deadline(at(ms)); d >= 0 {
					idle = int(d / time.Millisecond)
				}
				if len(said) > 0 {
					idle = min(idle, said[0].ms-ms)
				}
				ms += max(idle, 1)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestLinkRates(t *testing.T) {
	l := link{silence: at(0)}
	l.step(at(0))
	if l.rates(at(0)) {
		t.Error("rates without any")
	}
	l.speed(100, 50)
	if !l.rates(at(1)) || l.rates(at(2)) {
		t.Error("rates are not told once")
	}
	l.speed(100, 50)
	if l.rates(at(3)) {
		t.Error("the same rates are told again")
	}
	l.speed(10, 5)
	if l.rates(at(4)) || l.deadline(at(4)) != 997*time.Millisecond || !l.rates(at(1001)) {
		t.Error("new rates do not wait for their time")
	}
	if d := l.deadline(at(1002)); d >= 0 {
		t.Errorf("nothing to do, but a deadline in %v", d)
	}
}

func TestThrottle(t *testing.T) {
	var th throttle
	if th.paused(at(0)) != 0 {
		t.Fatal("paused from the start")
	}
	if th.fail(at(0), shortPause) || th.paused(at(0)) != shortPause {
		t.Fatal("one failure: want a short pause, and no line")
	}
	if th.paused(at(125)) != 0 {
		t.Fatal("the pause does not end")
	}
	if th.fail(at(130), 0) || th.paused(at(130)) != 0 {
		t.Fatal("a failure without pause: got one")
	}

	lines, ms := 0, 200
	var pauses []time.Duration
	for range 7 { // bursts of 64, as all that was in flight fails
		for range 64 {
			if th.fail(at(ms), shortPause) {
				lines++
			}
		}
		p := th.paused(at(ms))
		pauses = append(pauses, p)
		ms += int(p / time.Millisecond)
	}
	s := time.Second
	want := []time.Duration{shortPause, s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s}
	if d := cmp.Diff(want, pauses); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if lines != 1 {
		t.Errorf("%d lines, want 1", lines)
	}

	th.succeed(100)
	th.succeed(100)
	for range 64 {
		th.fail(at(ms), shortPause)
	}
	ms += 125
	if !th.fail(at(ms), shortPause) || th.paused(at(ms)) != s {
		t.Error("after it was well again the pauses do not start over")
	}
}
