package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// awaitFile waits until a file holds events with these texts.
func awaitFile(t *testing.T, path, want string) {
	t.Helper()
	got := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got = texts(read(t, path)); got == want {
			return
		}
	}
	t.Errorf("%s: got %.100q, want %.100q", path, got, want)
}

func TestLogFile(t *testing.T) {
	p := newPlace(t)
	file := filepath.Join(p.dir, "log")
	for _, want := range []string{"1,2", "1,2,1,2"} { // the second time it appends
		stop := p.start(t, "-c", "-f", "3", "-l", "log")
		p.log(t, slog.Warning, "1")
		p.log(t, slog.Notice, "not this")
		p.log(t, slog.Error, "2")
		p.await(t, "2")
		stop() // writes the rest
		if got := texts(read(t, file)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// -c is for the file, and for both of two.
func TestSync(t *testing.T) {
	for _, c := range []struct {
		args string
		want []bool
	}{
		{"-l log", []bool{false}}, {"-l log -c", []bool{true}}, {"-cl log,1", []bool{true, true}},
	} {
		t.Run(c.args, func(t *testing.T) {
			p := newPlace(t)
			p.start(t, strings.Fields(c.args)...)
			if got := p.synchronous(t); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// synchronous says of each file that slogger has open here whether it is with O_SYNC.
func (p place) synchronous(t *testing.T) (sync []bool) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", p.server(t).Pid)
	fds, err := os.ReadDir(proc + "fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, _ := os.Readlink(proc + "fd/" + fd.Name()); !strings.HasPrefix(filepath.Base(to), "log") {
			continue
		}
		info, err := os.ReadFile(proc + "fdinfo/" + fd.Name())
		if err != nil {
			t.Fatal(err)
		}
		var pos, flags int
		if _, err := fmt.Sscanf(string(info), "pos: %d\nflags: %o\n", &pos, &flags); err != nil {
			t.Fatalf("%v in %q", err, info)
		}
		sync = append(sync, flags&unix.O_SYNC == unix.O_SYNC)
	}
	return sync
}

// SIGTERM does not end slogger before the file has everything.
func TestLogFileHasTheRest(t *testing.T) {
	p := newPlace(t)
	stop := p.start(t, "-s", "4000", "-l", "log")
	batch := slices.Repeat([]string{strings.Repeat("x", 100)}, 200)
	for range 50 {
		p.log(t, slog.Info, batch...)
	}
	stop()
	if got, want := len(read(t, filepath.Join(p.dir, "log"))), 50*200; got != want {
		t.Errorf("%d events, want %d", got, want)
	}
}

func TestTerminalGetsText(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	f, err := openFile(logFile{name: tty.Name()}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write(slog.Event{Severity: slog.Info, Code: slog.NewCode(slog.TCPIP, 0), Text: "x"}); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	tty.Close()
	got, _ := io.ReadAll(master) // ends with EIO
	if want := "    5    14     0 x\r\n"; !strings.HasSuffix(string(got), want) {
		t.Errorf("got %q, want %q at its end", got, want)
	}
}

// A disk that is full for a while costs events, not the file.
func TestFileSurvivesHalfAnEvent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for _, c := range []struct {
		name  string
		flags int
	}{{"append", os.O_APPEND}, {"in place", 0}} {
		t.Run(c.name, func(t *testing.T) {
			f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC|c.flags, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			s := &single{File: f}
			if err := s.Write(slog.Event{Text: "one"}); err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString("half an eve"); err != nil {
				t.Fatal(err)
			}
			if err := s.repair(); err != nil {
				t.Fatal(err)
			}
			if err := s.Write(slog.Event{Text: "two"}); err != nil {
				t.Fatal(err)
			}
			if got, want := texts(read(t, path)), "one,two"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// failing is a file on which some writes fail.
type failing struct {
	wrote []slog.Event
	on    []int // which, counted from 1
	count int
}

func (f *failing) Write(e slog.Event) error {
	if f.count++; slices.Contains(f.on, f.count) {
		return os.ErrDeadlineExceeded
	}
	f.wrote = append(f.wrote, e)
	return nil
}

func (*failing) Close() error { return nil }

func TestLostEventsAreCounted(t *testing.T) {
	server, err := slog.Listen(filepath.Join(t.TempDir(), "slog"), slog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a", "bad", "bad", "b", "bad", "c"} {
		server.Log(0, slog.Info, text)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	// a, [bad], [note], [bad], note, b, [bad], note, c
	f := &failing{on: []int{2, 3, 4, 7}}
	var stderr strings.Builder
	options{name: "slogger", filter: 7, log: logFile{name: "log"}}.copyTo(f, server, &stderr)
	if got, want := texts(f.wrote), "a,2 log events were lost,b,1 log events were lost,c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := stderr.String(), strings.Repeat("slogger: log: i/o timeout\n", 2); got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
}
