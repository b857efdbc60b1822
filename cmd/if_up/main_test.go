package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"io-pkt/internal/ctl"
	"io-pkt/internal/ctl/ctltest"
)

// bin is the directory of the real command, built as it is shipped.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "if_up")
	if err == nil {
		bin = dir
		build := exec.Command("go", "build", "-o", dir, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build if_up:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(dir)
		os.Exit(status)
	}))
}

// A result is what a user sees of a command.
type result struct {
	Out, Err string
	Status   int
}

// start runs a shell line with the command in PATH and the stack at SOCK; the
// function waits for its end.
func start(t *testing.T, prefix, line string) func() result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SOCK="+prefix)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() result {
		t.Helper()
		err := cmd.Wait()
		if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() < 0) {
			t.Fatalf("%s: %v", line, err)
		}
		return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	}
}

func check(t *testing.T, line string, got, want result) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", line, d)
	}
}

var failed = result{Out: "if_up: tries exhausted\n", Status: 1}

// bare is an interface that is only there; the others have more and more.
func bare(name string) ctl.Interface { return ctl.Interface{Name: name} }

func linked(name string) ctl.Interface {
	return ctl.Interface{Name: name, Media: &ctl.Media{Current: "autoselect", Link: true}}
}

func up(name, addr string) ctl.Interface {
	n := ctl.Interface{Name: name, Flags: ctl.FlagUp, Media: &ctl.Media{Current: "autoselect"}}
	if addr != "" {
		n.Addresses = []ctl.Address{{Addr: netip.MustParseAddr(addr)}}
	}
	return n
}

// TestLooks: what is so already is answered without waiting, whatever the limit;
// what is not so fails when the limit is over.
func TestLooks(t *testing.T) {
	asking := up("en7", "fd00::1")
	asking.Addresses[0].Tentative = true
	s := ctltest.New(t, bare("en0"), linked("en1"), up("en2", "10.0.0.1"), up("en3", ""), up("en4", "0.0.0.0"), up("en5", "fe80::1"),
		up("en6", "fd00::1"), asking)
	s.Serve(t)
	for _, c := range []struct {
		line string
		want result
	}{
		{"if_up -p en0", result{}},
		{"if_up -p -r0 en0", result{}},
		{"if_up -r2 -p en0 && echo go on", result{Out: "go on\n"}},
		{"if_up -p -r 200 -m 10 en0", result{}},
		{"if_up en2", result{}},
		{"if_up en9 en2", result{}}, // one is enough
		{"if_up -l en1", result{}},
		{"if_up -pl en1", result{}},
		{"if_up -ap en0 en1", result{}},
		{"if_up -s 100 -m 1 -p en9", failed}, // the last one counts
		{"if_up -r1 -m1 en0", failed},
		{"if_up -r1 -m1 en3", failed},
		{"if_up -r1 -m1 en4", failed},
		{"if_up -r1 -m1 en5", failed},
		{"if_up -r1 -m1 -l en2", failed},
		{"if_up -6 en5", result{}},
		{"if_up -6 -a en5 en6", result{}},
		{"if_up -6i en6", result{}},
		{"if_up -i -6 -r1 -m1 en5", failed},
		{"if_up -6 -r1 -m1 en2", failed},
		{"if_up -6 -r1 -m1 en7", failed}, // tentative
		{"if_up -6 -p en0", result{}},
		{"if_up -6alr1 -m1 en1", result{}},
		{"if_up -r 0 -p en9", failed},
		{"if_up -m0 -p en9", failed},
		{"if_up -am1 -p en0 en9", failed},
		{"if_up -alr 10 -m 1 en1 en0", failed},
		{"if_up -p -l -m1 en0 || echo no link", result{Out: "if_up: tries exhausted\nno link\n"}},
		// One script reads the failure from the standard output.
		{"if [ ! \"`if_up -r1 -m1 en0`\" ]; then echo up; else echo not; fi", result{Out: "not\n"}},
		{"if [ ! \"`if_up -r1 -m1 en2`\" ]; then echo up; else echo not; fi", result{Out: "up\n"}},
	} {
		check(t, c.line, start(t, s.Prefix, c.line)(), c.want)
	}
}

// TestFollows: if_up answers when the change comes, not at the end of a pause.
// The pauses are so long that the test would run into its own limit.
func TestFollows(t *testing.T) {
	for _, c := range []struct {
		name, line string
		changes    [][]ctl.Interface // the last one satisfies
	}{
		{"appears", "if_up -p -s 3600 ecm0", [][]ctl.Interface{{bare("ecm0")}}},
		{"comes up", "if_up -s 3600 ecm0", [][]ctl.Interface{{bare("ecm0")}, {up("ecm0", "")}, {up("ecm0", "10.0.0.184")}}},
		{"link", "if_up -l -s 3600 ecm0", [][]ctl.Interface{{up("ecm0", "10.0.0.184")}, {linked("ecm0")}}},
		{"all", "if_up -ap -s 3600 ecm0 ecm1", [][]ctl.Interface{{bare("ecm0")}, {bare("ecm1")}, {bare("ecm0"), bare("ecm1")}}},
		{"endless", "if_up -p -r 2147483647 -s 2147483647 ecm0", [][]ctl.Interface{{bare("ecm0")}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := ctltest.New(t)
			s.Serve(t)
			wait := start(t, s.Prefix, c.line)
			for _, list := range c.changes {
				s.Followed()
				s.Set(list...)
			}
			check(t, c.line, wait(), result{})
		})
	}
}

// TestStackComesLater: io-pkt may start after if_up, and be started again.
func TestStackComesLater(t *testing.T) {
	s := ctltest.New(t)
	wait := start(t, s.Prefix, "if_up -p -s 3600 ecm0")
	stop := s.Serve(t)
	s.Followed()
	stop()
	s.Serve(t)
	s.Followed()
	s.Set(bare("ecm0"))
	check(t, "if_up", wait(), result{})
}

func TestNoStack(t *testing.T) {
	s := ctltest.New(t) // reachable for nobody
	want := failed
	want.Err = "if_up: io-pkt is not running at " + ctl.SocketPath(s.Prefix) + ": no such file or directory\n"
	check(t, "if_up", start(t, s.Prefix, "if_up -p -r 2 -m 10 ecm0")(), want)
}

// TestStackRefuses: a stack that cannot answer is not there yet.
func TestStackRefuses(t *testing.T) {
	s := ctltest.New(t, bare("ecm0"))
	s.Fail(ctl.OpList, syscall.ENOMEM)
	s.Serve(t)
	check(t, "if_up", start(t, s.Prefix, "if_up -p -r 2 -m 10 ecm0")(), failed)
	s.Fail(ctl.OpList, 0)
	check(t, "if_up", start(t, s.Prefix, "if_up -p ecm0")(), result{})
}

func TestUsage(t *testing.T) {
	for line, want := range map[string]string{
		"if_up":             usage,
		"if_up -p":          usage,
		"if_up -x en0":      "if_up: unknown option -- x\n" + usage,
		"if_up -r":          "if_up: option requires an argument -- r\n" + usage,
		"if_up -r x en0":    "if_up: -r x: bad value\n" + usage,
		"if_up -m -1 en0":   "if_up: -m -1: bad value\n" + usage,
		"if_up -s 1e99 en0": "if_up: -s 1e99: bad value\n" + usage,
		"if_up -i en0":      "if_up: -i needs -6\n" + usage,
	} {
		check(t, line, start(t, t.TempDir(), line)(), result{Err: want, Status: 1})
	}
}

func TestLimit(t *testing.T) {
	for line, want := range map[string]time.Duration{
		"en0":                                 5 * time.Second,
		"-r 200 -m 10 en0":                    2 * time.Second,
		"-r2 -s3 en0":                         6 * time.Second,
		"-m 10 -s 2 en0":                      10 * time.Second,
		"-r 0x10 en0":                         16 * time.Second,
		"-r 0 en0":                            0,
		"-r 2147483647 -s 2147483647 -l en0":  math.MaxInt64,
		"-r 1 -s 2147483647 -- -en0 -r 3 -s1": 2147483647 * time.Second,
	} {
		o, err := parseOptions(strings.Fields(line))
		if err != nil || o.limit() != want {
			t.Errorf("%s: limit %v, %v; want %v", line, o.limit(), err, want)
		}
	}
}

// TestRunning: a driver without media tells by RUNNING.
func TestRunning(t *testing.T) {
	o := options{link: true, interfaces: []string{"en0"}}
	n := bare("en0")
	if o.satisfied([]ctl.Interface{n}) {
		t.Error("a link without RUNNING")
	}
	n.Flags = ctl.FlagRunning
	if !o.satisfied([]ctl.Interface{n}) {
		t.Error("no link with RUNNING")
	}
}

// spell writes a command line that means the same.
func spell(o options) []string {
	var words []string
	for word, on := range map[string]bool{"-a": o.all, "-p": o.present, "-l": o.link, "-6": o.inet6, "-i": o.global} {
		if on {
			words = append(words, word)
		}
	}
	unit, n := "-m", o.pause/time.Millisecond
	if o.pause%time.Second == 0 {
		unit, n = "-s", o.pause/time.Second
	}
	words = append(words, "-r", fmt.Sprint(o.retries), unit, fmt.Sprint(int64(n)), "--")
	return append(words, o.interfaces...)
}

// FuzzOptions: no command line panics or waits a negative time; what is understood
// can be written in one way, and means the same then.
func FuzzOptions(f *testing.F) {
	f.Add("-alr 10 en0")
	f.Add("-r2 -s99999999999 en0")
	f.Add("-6i -m 10 -- en0")
	f.Fuzz(func(t *testing.T, line string) {
		o, err := parseOptions(strings.Fields(line))
		if err == nil && (o.limit() < 0 || len(o.interfaces) == 0) {
			t.Errorf("%q: %+v", line, o)
		}
		if err != nil {
			return
		}
		again, err := parseOptions(spell(o))
		if d := cmp.Diff(o, again, cmp.AllowUnexported(options{})); err != nil || d != "" {
			t.Errorf("%q, written as %q: %v, -first +again\n%s", line, spell(o), err, d)
		}
	})
}
