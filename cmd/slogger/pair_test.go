package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// Two files take turns, and a new start does not overwrite the newest events.
func TestTwoLogFiles(t *testing.T) {
	p := newPlace(t)
	log1, log2 := filepath.Join(p.dir, "log1"), filepath.Join(p.dir, "log2")
	stop := p.start(t, "-l", "log,1")
	pad := strings.Repeat(".", 400) // two fit into 1 KB
	for i := range 5 {
		p.log(t, slog.Info, fmt.Sprint(i, pad))
	}
	p.await(t, "4"+pad)
	stop()
	awaitFile(t, log1, "4"+pad)
	awaitFile(t, log2, "2"+pad+",3"+pad)
	// The two were written within one tick of the clock that files have.
	if err := os.Chtimes(log2, time.Time{}, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}

	p.start(t, "-l", "log,1")
	p.log(t, slog.Info, "5")
	p.await(t, "5")
	awaitFile(t, log1, "4"+pad)
	awaitFile(t, log2, "5")
}

// A start that logs nothing, or fails, leaves both files as they are.
func TestTwoLogFilesSurviveQuietStarts(t *testing.T) {
	p := newPlace(t)
	stop := p.start(t, "-l", "log,1")
	pad := strings.Repeat(".", 400)
	p.log(t, slog.Info, "0"+pad, "1"+pad, "2"+pad)
	p.await(t, "2"+pad)
	stop()
	for range 2 {
		p.start(t, "-l", "log,1")()
		if _, status := p.slogger(t, "-l", "log,1", "-U", "nobody-at-all"); status != exitError {
			t.Errorf("status %d, want %d", status, exitError)
		}
	}
	for name, want := range map[string]string{"log1": "0" + pad + ",1" + pad, "log2": "2" + pad} {
		if got := texts(read(t, filepath.Join(p.dir, name))); got != want {
			t.Errorf("%s: got %.100q, want %.100q", name, got, want)
		}
	}
}

// A user who is none is found before any file is made.
func TestBadUserMakesNoFile(t *testing.T) {
	p := newPlace(t)
	p.slogger(t, "-l", "log,1", "-U", "nobody-at-all")
	if got, _ := filepath.Glob(filepath.Join(p.dir, "*")); len(got) > 0 {
		t.Errorf("it made %q", got)
	}
}

func TestFirstOfTwoFiles(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name  string
		sizes [2]int
		ages  [2]time.Duration
		want  string // what is written to
	}{
		{"the older", [2]int{5, 5}, [2]time.Duration{1, 2}, "log2"},
		{"the older, in order", [2]int{5, 5}, [2]time.Duration{2, 1}, "log1"},
		{"an empty one that is newer", [2]int{5, 0}, [2]time.Duration{2, 1}, "log2"},
		{"an empty one that is newer, in order", [2]int{0, 5}, [2]time.Duration{1, 2}, "log1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for i, name := range []string{"log1", "log2"} {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, make([]byte, c.sizes[i]), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(path, time.Time{}, now.Add(-c.ages[i]*time.Second)); err != nil {
					t.Fatal(err)
				}
			}
			f, err := openFile(logFile{name: filepath.Join(dir, "log"), size: 1 << 10}, false)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := f.Write(slog.Event{Text: "x"}); err != nil {
				t.Fatal(err)
			}
			if got := texts(read(t, filepath.Join(dir, c.want))); got != "x" {
				t.Errorf("%s has %q", c.want, got)
			}
		})
	}
}

// What cannot be emptied is refused at once.
func TestTwoLogFilesAreFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	if err := os.Symlink("/dev/null", name+"1"); err != nil {
		t.Fatal(err)
	}
	if _, err := openFile(logFile{name: name, size: 1 << 10}, false); !errors.Is(err, unix.EINVAL) {
		t.Errorf("got %v, want EINVAL", err)
	}
}
