package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// bin is the directory of the real commands.
var bin string

// links are the other names of commands.
var links = map[string]string{
	"io-pkt-v4-hc": "io-pkt", "io-pkt-v6-hc": "io-pkt", "io-usb-otg": "io-usb", "slogger2": "slogger",
	"pipe": "random", "devc-pty": "random", "dhclient": "dhcp.client", "qon": "on",
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "buildfile-bin")
	if err == nil {
		bin = dir
		err = errors.Join(os.Chmod(dir, 0o755), build())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(dir)
		os.Exit(status)
	}))
}

// build builds all commands, and buildfile itself with the race detector if this
// test has it.
func build() error {
	lines := [][]string{{"io-pkt/cmd/..."}}
	if raceEnabled() {
		lines = append(lines, []string{"-race", "io-pkt/cmd/buildfile"})
	}
	for _, l := range lines {
		cmd := exec.Command("go", append([]string{"build", "-o", bin + "/"}, l...)...)
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("build the commands: %w", err)
		}
	}
	var errs []error
	for name, of := range links {
		errs = append(errs, os.Symlink(of, filepath.Join(bin, name)))
	}
	return errors.Join(errs...)
}

func raceEnabled() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

// needNamespaces skips the test where there can be no namespaces.
func needNamespaces(t *testing.T) {
	t.Helper()
	out, err := exec.Command("unshare", unshare("--pid", "--fork", "--mount", "true")...).CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("no namespaces of our own here: %v %s", err, out)
	}
	t.Skipf("no namespaces of our own here (be root, or allow user namespaces): %v %s", err, out)
}

// unshare gives the arguments of unshare(1) for a network of our own, which root
// does not get from buildfile.
func unshare(args ...string) []string {
	if os.Geteuid() != 0 {
		return append([]string{"--user", "--map-root-user", "--net"}, args...)
	}
	return append([]string{"--net"}, args...)
}

// buildfileCommand is the real command, in a network of its own.
func buildfileCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "unshare", unshare(append([]string{filepath.Join(bin, "buildfile")}, args...)...)...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "TZ=UTC")
	return cmd
}

// A result is what a user sees of a command.
type result struct {
	Out, Err string
	Status   int
}

func runBuildfile(t *testing.T, args ...string) result {
	t.Helper()
	cmd := buildfileCommand(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if exit := (*exec.ExitError)(nil); !errors.As(cmd.Run(), &exit) && cmd.ProcessState == nil {
		t.Fatal("it does not start")
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// script writes a buildfile with a start-up script, and maybe more.
func script(t *testing.T, lines string, more ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.build")
	text := "[+script] .script = {\n" + lines + "\n}\n" + strings.Join(more, "\n")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func compare(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestUsage(t *testing.T) {
	for line, want := range map[string]string{
		"":                 "buildfile: no command named\n" + usage,
		"boot x":           "buildfile: unknown command boot\n" + usage,
		"run":              "buildfile: one file, please\n" + usage,
		"run a b":          "buildfile: one file, please\n" + usage,
		"run -w x a":       "buildfile: -w x: bad value\n" + usage,
		"check -t x a":     "buildfile: unknown option -- t\n" + usage,
		"run /none":        "buildfile: open /none: no such file or directory\n",
		"check /none":      "buildfile: open /none: no such file or directory\n",
		"run -s /none /no": "buildfile: open /no: no such file or directory\n",
	} {
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"buildfile"}, strings.Fields(line)...), &stdout, &stderr)
		compare(t, line, result{stdout.String(), stderr.String(), status}, result{Err: want, Status: exitUsage})
	}
}
