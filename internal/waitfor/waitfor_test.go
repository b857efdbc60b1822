package waitfor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestPath(t *testing.T) {
	dir := t.TempDir()
	if err := Path(t.Context(), dir+"/", 0, DefaultPoll); err != nil {
		t.Errorf("what is there already: %v", err)
	}
	missing := filepath.Join(dir, "missing")
	if err := Path(t.Context(), missing, 0, DefaultPoll); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not: %v", err)
	}
	if err := os.Symlink(missing, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := Path(t.Context(), filepath.Join(dir, "link"), 0, DefaultPoll); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a link to nothing: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Path(ctx, missing, time.Hour, DefaultPoll); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// Until looks at once, then after each pause, and once more at the end.
func TestUntil(t *testing.T) {
	for _, c := range []struct {
		name        string
		limit, poll time.Duration
		there, done int // at which look it is there, or ends; 0 for never
		looks       int
		took        time.Duration
	}{
		{name: "at once", limit: time.Hour, poll: time.Second, there: 1, looks: 1},
		{name: "no time", limit: 0, poll: time.Second, looks: 2},
		{name: "less than none", limit: -time.Second, poll: time.Second, looks: 2},
		{name: "third look", limit: time.Hour, poll: time.Second, there: 3, looks: 3, took: 2 * time.Second},
		{name: "never", limit: 2500 * time.Millisecond, poll: time.Second, looks: 4, took: 2500 * time.Millisecond},
		{name: "in the last pause", limit: 2500 * time.Millisecond, poll: time.Second, there: 4, looks: 4, took: 2500 * time.Millisecond},
		{name: "done", limit: time.Hour, poll: time.Second, done: 2, looks: 2, took: time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looks, start := 0, time.Now()
				err := Until(t.Context(), c.limit, c.poll, func() (bool, error) {
					looks++
					if looks == c.there {
						return false, nil
					}
					return looks == c.done, syscall.ENOENT
				})
				if (err == nil) != (c.there != 0) || looks != c.looks || time.Since(start) != c.took {
					t.Errorf("%v after %d looks and %v, want %d and %v", err, looks, time.Since(start), c.looks, c.took)
				}
			})
		})
	}
}

func TestNotYet(t *testing.T) {
	if !NotYet(&os.PathError{Err: syscall.ENXIO}) || NotYet(syscall.EACCES) || NotYet(nil) {
		t.Error("ENXIO is not yet, EACCES is for good")
	}
}

func TestSeconds(t *testing.T) {
	for word, want := range map[string]time.Duration{
		"5": 5 * time.Second, "2.5": 2500 * time.Millisecond, "2.59": 2500 * time.Millisecond, "0x10": 16 * time.Second,
		"010": 8 * time.Second, "0": 0, ".5": 500 * time.Millisecond, "-3": 0, "x": 0, "": 0, "3s": 3 * time.Second,
		"2.": 2 * time.Second, "2.x": 2 * time.Second, "3000": 3000 * time.Second,
	} {
		if got := Seconds(word); got != want {
			t.Errorf("%q: %v, want %v", word, got, want)
		}
	}
}

// No word waits a negative time, and decimal numbers are what they say.
func FuzzSeconds(f *testing.F) {
	for _, s := range []string{"5", "2.5", "0x7fffffffffffffff", "-1", "9223372036.9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, word string) {
		got := Seconds(word)
		if got < 0 {
			t.Errorf("%q: %v", word, got)
		}
		n, err := strconv.ParseUint(word, 10, 31)
		if err == nil && (word == "0" || !strings.HasPrefix(word, "0")) && got != time.Duration(n)*time.Second {
			t.Errorf("%q: %v", word, got)
		}
	})
}
