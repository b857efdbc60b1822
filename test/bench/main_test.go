package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		name, args string
		out        string
		only       []string
	}{
		{"a whole run", "", "doc", parts},
		{"a quick one", "-quick", "", parts},
		{"a part", "-only scale", "", []string{"scale"}},
		{"parts, written", "-only start,idle -o there", "there", []string{"start", "idle"}},
		{"an earlier one", "-from doc/bench.json", "", parts},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := parseOptions(strings.Fields(tt.args), t.Output())
			if err != nil || o.out != tt.out || !slices.Equal(o.only, tt.only) {
				t.Errorf("got %+v, %v; want -o %q -only %q", o, err, tt.out, tt.only)
			}
		})
	}
	for _, args := range []string{"-only all", "-only", "-x", "more", "-from /nonexistent"} {
		if status := run(strings.Fields(args), io.Discard, t.Output()); status != 1 {
			t.Errorf("%s: exit status %d, want 1", args, status)
		}
	}
}

// However far it is, an interrupt ends it, and nothing of it is left.
func TestInterrupt(t *testing.T) {
	if testing.Short() {
		t.Skip("a guest takes too long for -short")
	}
	if os.Getuid() != 0 {
		need(t, errors.New("namespaces and TAPs are for root only"))
	}
	for _, program := range []string{"ip", "iperf3", "qemu-system-x86_64", "../../bin/io-pkt-v4-hc"} {
		_, err := exec.LookPath(program)
		need(t, err)
	}
	bench := filepath.Join(t.TempDir(), "bench")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bench, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, tt := range []struct{ name, part, until string }{
		{"idle", "idle", "idle: 1 interface:"},
		{"floor", "floor", "io-pkt, tcp out:"},
		{"a guest boots", "compare", "compare: a guest boots"},
		{"a guest measures", "compare", "cdc_ether, high speed, tcp out:"},
	} {
		t.Run(tt.name, func(t *testing.T) { interrupt(t, bench, tt.part, tt.until) })
	}
}

// need skips the test where something that it needs is not there.
func need(t *testing.T, err error) {
	t.Helper()
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
}

// interrupt interrupts the command when it has said something.
func interrupt(t *testing.T, bench, part, until string) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bench, "-quick", "-only", part)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "TMPDIR="+dir) // by which its processes are known
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), until) {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		t.Errorf("got %v, want exit status 1", err)
	}
	if !strings.HasSuffix(said.String(), "bench: interrupted\n") {
		t.Errorf("it said:\n%s", said.String())
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("left in its directory for temporary files: %v, %v", files, err)
	}
	if left := processes(t, "TMPDIR="+dir); len(left) > 0 {
		t.Errorf("still running: %q", left)
	}
}

// processes gives the command lines of those that have a variable in their
// environment.
func processes(t *testing.T, variable string) []string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range paths {
		environ, _ := os.ReadFile(path) // of one that has ended meanwhile: nothing
		for word := range bytes.SplitSeq(environ, []byte{0}) {
			if string(word) == variable {
				line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
				found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
			}
		}
	}
	return found
}
