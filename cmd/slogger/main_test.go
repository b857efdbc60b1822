package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// binary is the command as users have it, built once; slogger2 is beside it.
var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "slogger")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "slogger")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // it must do without
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	if err := os.Symlink("slogger", binary+"2"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func TestKeepsTheLog(t *testing.T) {
	p := newPlace(t)
	stop := p.start(t)
	before := time.Now()
	p.log(t, slog.Info, "one", "two")
	events := p.await(t, "two")
	if got, want := texts(events), "one,two"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if e := events[0]; e.Code != slog.NewCode(slog.TCPIP, 0) || e.Severity != slog.Info ||
		e.Time.Before(before.Truncate(time.Millisecond)) || e.Time.After(time.Now()) {
		t.Errorf("got %+v", e)
	}
	// A terminal that hangs up does not end it. If it did, the socket would be left: Linux
	// delivers SIGHUP before SIGTERM.
	if err := unix.Kill(int(p.server(t).Pid), unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	stop()
	if _, err := os.Lstat(p.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	p.start(t) // again
}

func TestSecondIsRefused(t *testing.T) {
	p := newPlace(t)
	p.start(t, "-l", "log,8")
	p.log(t, slog.Info, "one")
	p.await(t, "one")
	stderr, status := p.slogger(t, "-l", "log,8")
	if want := "slogger: " + p.path + " is kept by another slogger or by io-pkt already\n"; stderr != want || status != exitError {
		t.Errorf("status %d, %q; want %d, %q", status, stderr, exitError, want)
	}
	awaitFile(t, filepath.Join(p.dir, "log1"), "one") // the second must not have emptied it
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"-x", "slogger: unknown option -- x\n"},
		{"-s", "slogger: option requires an argument -- s\n"},
		{"-s 99999999", `slogger: bad size "99999999": want a number of KB up to 262144` + "\n"},
		{"-s -1", `slogger: bad size "-1": `},
		{"-l ,5", `slogger: bad file ",5"` + "\n"},
		{"-l log,0x7fffffff", `slogger: bad size "0x7fffffff": `},
		{"-l /none/log", "slogger: open /none/log: no such file or directory\n"},
		{"-U nobody-at-all", `slogger: bad user "nobody-at-all": `},
		{"operand", "slogger: takes no operand\n"},
		{"-v --foreground", "slogger: unknown option -- -\n"},
		{"-m", "slogger2: unknown option -- m\n"},
		{"-c", "slogger2: option requires an argument -- c\n"},
		{"-s 268435457", `slogger2: bad size "268435457": want a number of bytes up to 268435456` + "\n"},
		{"-s 262145k", `slogger2: bad size "262145k": `},
		{"-s -1", `slogger2: bad size "-1": `},
		{"-U nobody-at-all", `slogger2: bad user "nobody-at-all": `},
		{"operand", "slogger2: takes no operand\n"},
	} {
		name, _, _ := strings.Cut(c.want, ":")
		t.Run(name+" "+c.args, func(t *testing.T) {
			p := newPlace(t).as(name)
			stderr, status := p.slogger(t, strings.Fields(c.args)...)
			if status != exitError || !strings.HasPrefix(stderr, c.want) {
				t.Errorf("status %d, %q; want %d, %q", status, stderr, exitError, c.want)
			}
			for _, path := range []string{p.path, linkOf(p.path)} {
				if _, err := os.Lstat(path); err == nil {
					t.Errorf("it left %s", path)
				}
			}
		})
	}
}

func TestFormsInTheField(t *testing.T) {
	for _, line := range []string{
		"slogger -s 250k", "slogger -s 1500k", "slogger -s128 -u100", "slogger -s 1", "slogger -s 0", "slogger -s x",
		"slogger -s 16kk", "slogger -mc", "slogger -f3 -l log", "slogger -l log,x",
		"slogger2 -s 4096", "slogger2 -s 65536", "slogger2 -s2048k", "slogger2 -s 0 -P /pps/slogger2", "slogger2 -c 64k,32k -l log",
	} {
		t.Run(line, func(t *testing.T) {
			words := strings.Fields(line)
			p := newPlace(t).as(words[0])
			p.start(t, words[1:]...)
			p.log(t, slog.Info, "x")
			p.await(t, "x")
		})
	}
}

func TestVerbose(t *testing.T) {
	for name, size := range map[string]string{"slogger": "20", "slogger2": "20480"} {
		p := newPlace(t).as(name)
		stderr, status := p.slogger(t, "-vvs", size)
		p.own(t)
		if want := name + ": 20 KB of log at " + p.path + "\n"; stderr != want || status != exitOK {
			t.Errorf("status %d, %q; want %q", status, stderr, want)
		}
	}
}

func TestSize(t *testing.T) {
	for line, want := range map[string]int{
		"slogger -s8": 8 << 10, "slogger -s 1": slog.MinSize,
		"slogger2 -s 9000": 9000, "slogger2 -s8k": 8 << 10, "slogger2 -s 8": slog.MinSize,
	} {
		t.Run(line, func(t *testing.T) {
			words := strings.Fields(line)
			p := newPlace(t).as(words[0])
			p.start(t, words[1:]...)
			text := strings.Repeat("x", 100)
			p.log(t, slog.Info, append(slices.Repeat([]string{text}, 200), "last")...)
			size := 0
			for _, e := range p.await(t, "last") {
				size += len(e.Append(nil))
			}
			if size > want || size < want-200 {
				t.Errorf("%d bytes are kept, want %d", size, want)
			}
		})
	}
}

func TestMonotonic(t *testing.T) {
	p := newPlace(t)
	p.start(t, "-m")
	p.log(t, slog.Info, "x")
	got := p.await(t, "x")[0].Time
	if up := sinceBoot(); got.After(up) || up.Sub(got) > time.Hour {
		t.Errorf("stamped %v, up since %v", got, up)
	}
}

// needRoot skips the test for others.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("needs root to become somebody else")
	}
	t.Skip("needs root to become somebody else")
}

func TestUser(t *testing.T) {
	needRoot(t)
	p := newPlace(t)
	p.start(t, "-U", "65534:65533,65532", "-l", "log,1")
	// The socket's credentials are from before; those of the process count.
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.server(t).Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nUid:\t65534\t65534\t65534\t65534\n",
		"\nGid:\t65533\t65533\t65533\t65533\n",
		"\nGroups:\t65532 \n",
	} {
		if !strings.Contains(string(status), want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
	long := strings.Repeat("x", 900)
	p.log(t, slog.Info, long, long, "last")
	p.await(t, "last")
	awaitFile(t, filepath.Join(p.dir, "log2"), long+",last")
}

func TestForeground(t *testing.T) {
	p := newPlace(t)
	cmd := exec.Command(binary, "--foreground", "-v")
	cmd.Env = []string{"SOCK=" + p.dir}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stderr.Read(make([]byte, 100)); err != nil { // it is ready
		t.Error(err)
	}
	if got, want := int(p.server(t).Pid), cmd.Process.Pid; got != want {
		t.Errorf("the log is kept by %d, want %d", got, want)
	}
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// Standard error may be a pipe that nobody reads any more.
func TestStandardErrorIsGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"", "--foreground"} {
		t.Run("form "+form, func(t *testing.T) {
			p := newPlace(t)
			cmd := exec.Command(binary, append(strings.Fields(form), "-v", "-l", "/dev/full")...)
			cmd.Env = []string{"SOCK=" + p.dir}
			cmd.Stderr = w
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }() // ends with the command, as the test does
			if form == "" {
				if err := <-ended; err != nil {
					t.Fatal(err) // -v is the first that it cannot say
				}
			}
			p.awaitServer(t)
			stop := p.own(t)
			p.log(t, slog.Info, "one")
			p.await(t, "one")
			p.log(t, slog.Info, "two")
			p.await(t, "two")
			stop()
			if form != "" {
				if err := <-ended; err != nil {
					t.Errorf("ended with %v", err)
				}
			}
		})
	}
}
