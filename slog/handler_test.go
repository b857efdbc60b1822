package slog

import (
	"fmt"
	stdslog "log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// record takes what a handler logs.
type record struct {
	mu    sync.Mutex
	lines []string
}

func (r *record) Log(code Code, sev Severity, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprint(code.Major(), " ", sev, " ", text))
}

func TestHandler(t *testing.T) {
	var r record
	log := stdslog.New(NewHandler(&r, NewCode(Network, 0), stdslog.LevelDebug))
	log.Info("link up", "if", "ecm0", "speed", 100)
	log.Warn("two words", "why", "no carrier", "msg", "kept", "level", 3)
	log.With("if", "ecm0").WithGroup("usb").Error("gone", "path", "1-1", "msg", "")
	log.Debug("")
	log.Log(t.Context(), stdslog.LevelDebug-4, "not enabled")
	log.Log(t.Context(), stdslog.LevelInfo+2, "notice")
	log.Log(t.Context(), stdslog.LevelError+4, "critical")
	log.Log(t.Context(), stdslog.LevelError+8, "shutdown")
	want := []string{
		"10 5 link up if=ecm0 speed=100",
		`10 3 two words why="no carrier" msg=kept level=3`,
		`10 2 gone if=ecm0 usb.path=1-1 usb.msg=""`,
		"10 6 ",
		"10 4 notice",
		"10 1 critical",
		"10 0 shutdown",
	}
	if d := cmp.Diff(want, r.lines); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestHandlerDefaultLevel(t *testing.T) {
	var r record
	log := stdslog.New(NewHandler(&r, 0, nil))
	log.Debug("no")
	log.Info("yes")
	if got, want := r.lines, []string{"0 5 yes"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHandlerConcurrent(t *testing.T) {
	var r record
	log := stdslog.New(NewHandler(&r, 0, nil))
	var wg sync.WaitGroup
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("0 5 m g=%d n=%d", i, i))
		wg.Go(func() { log.With("g", i).Info("m", "n", i) })
	}
	wg.Wait()
	slices.Sort(want)
	slices.Sort(r.lines)
	if d := cmp.Diff(want, r.lines); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
