package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"io-pkt/slog"
)

// binary is the command as users have it, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sloginfo")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "sloginfo")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // it must do without
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	status := m.Run()
	if err := goleak.Find(); status == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// newLog starts a log below a prefix of its own.
func newLog(t *testing.T) (server *slog.Server, prefix string) {
	t.Helper()
	prefix = t.TempDir()
	start := time.Unix(5, 123e6)
	server, err := slog.Listen(slog.Path(prefix), slog.Config{Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server, prefix
}

type result struct {
	Stdout, Stderr string
	Status         int
}

// sloginfo runs the command.
func sloginfo(t *testing.T, prefix string, args ...string) result {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = []string{"TZ=UTC", "SOCK=" + prefix}
	return run(t, cmd)
}

func run(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

func check(t *testing.T, got, want result) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

const header = "Time             Sev Major Minor Args\n"

func TestOptions(t *testing.T) {
	server, prefix := newLog(t)
	server.Log(slog.NewCode(slog.TCPIP, 0), slog.Info, "tcpip starting")
	server.Log(slog.NewCode(10000, 0), slog.Error, "test")
	server.Log(slog.NewCode(slog.TCPIP, 0), slog.Warning, "pseudo")
	const (
		starting = "Jan 01 00:00:05    5    14     0 tcpip starting\n"
		test     = "Jan 01 00:00:05    2 10000     0 test\n"
		pseudo   = "Jan 01 00:00:05    3    14     0 pseudo\n"
		millis   = "Time                 Sev Major Minor Args\n" +
			"Jan 01 00:00:05.123    3    14     0 pseudo\n"
	)
	for _, c := range []struct {
		line string
		want string
	}{
		{"", header + starting + test + pseudo},
		{"-s 3", header + test + pseudo},
		{"-s3", header + test + pseudo},
		{"-s 0", header},
		{"-m 14", header + starting + pseudo},
		{"-m0xe", header + starting + pseudo},
		{"-m 016", header + starting + pseudo},
		{"-m 10000 -s 5", header + test},
		{"-m 0", header},
		{"-m x", header}, // 0, as atoi has it
		{"-s 3x", header + test + pseudo},
		{"-s -1", header},
		{"-s 99 -s 3", header + test + pseudo},
		{"-ts3 -m14", millis},
		{"-tm 14 -s 3", millis},
		{"-h", header + starting + test + pseudo},
		{slog.Path(prefix), header + starting + test + pseudo},
	} {
		t.Run(c.line, func(t *testing.T) {
			check(t, sloginfo(t, prefix, strings.Fields(c.line)...), result{Stdout: c.want})
		})
	}
	t.Run("another name", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "slog2info")
		if err := os.Symlink(binary, link); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(link, "-s2")
		cmd.Env = []string{"TZ=UTC", "SOCK=" + prefix}
		check(t, run(t, cmd), result{Stdout: header + test})
		check(t, run(t, exec.Command(link, "-s")), result{
			Stderr: "slog2info: option requires an argument -- s\n",
			Status: exitError,
		})
	})
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte("some other kind of file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want result
	}{
		{"no log", nil, result{Stderr: "Unable to open " + dir + "/dev/slog : No such file or directory\n"}},
		{"no file", []string{"-w", "/none"}, result{Stderr: "Unable to open /none : No such file or directory\n"}},
		{"a directory", []string{dir}, result{header, "Unable to read " + dir + " - Is a directory\n", 0}},
		{"garbage", []string{"-c", garbage}, result{header, "Unable to read " + garbage + " - not an event of the system log\n", 0}},
		{"-s without a value", []string{"-s"}, result{Stderr: "sloginfo: option requires an argument -- s\n"}},
		{"unknown option", []string{"-tx"}, result{Stderr: "sloginfo: unknown option -- x\n"}},
		{"a long option", []string{"-t", "--help"}, result{Stderr: "sloginfo: unknown option -- -\n"}},
		{"two files", []string{"a", "b"}, result{Stderr: "sloginfo: more than one file\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Status = exitError
			check(t, sloginfo(t, dir, c.args...), c.want)
		})
	}
	if _, err := os.Stat(garbage); err != nil {
		t.Errorf("-c removed what it could not read: %v", err)
	}
}

func TestHelp(t *testing.T) {
	check(t, sloginfo(t, "", "--help"), result{Stdout: usage})
}

func TestClear(t *testing.T) {
	server, prefix := newLog(t)
	server.Log(slog.NewCode(slog.TCPIP, 0), slog.Info, "one")
	line := "Jan 01 00:00:05    5    14     0 one\n"
	check(t, sloginfo(t, prefix, "-c"), result{Stdout: header + line})
	check(t, sloginfo(t, prefix, "-c"), result{Stdout: header})

	server.Log(slog.NewCode(slog.TCPIP, 0), slog.Info, "one")
	full := exec.Command(binary, "-c")
	full.Env = []string{"SOCK=" + prefix}
	dev, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	full.Stdout = dev
	if err := full.Run(); full.ProcessState.ExitCode() != exitError {
		t.Errorf("on a full disk: %v", err)
	}
	check(t, sloginfo(t, prefix), result{Stdout: header + line}) // must not be lost
}

func TestRawFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log1")
	b := slog.Event{Severity: slog.Info, Code: slog.NewCode(slog.USB, 100), Time: time.Unix(5, 0), Words: []uint32{10, 255}}.Append(nil)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, sloginfo(t, "", file), result{Stdout: header + "Jan 01 00:00:05    5    12   100 10 255 \n"})
	check(t, sloginfo(t, "", "-chw", file), result{Stdout: header + "Jan 01 00:00:05    5    12   100 a ff \n"})
	if got := sloginfo(t, "", file); got.Status != exitError {
		t.Errorf("after -c: %+v", got)
	}
}

func TestFormats(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"usb.fmt":  "12 100 port %d reset\n",
		"bad.fmt":  "12\n",
		"usb.fmt~": "12 100 old\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "log")
	b := slog.Event{Code: slog.NewCode(slog.USB, 100), Words: []uint32{3}}.Append(nil)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	c := command{formatDir: dir, stdout: &out, stderr: &errs}
	if status := c.run([]string{"sloginfo", file}); status != exitOK {
		t.Errorf("status %d", status)
	}
	if !strings.HasSuffix(out.String(), "    0    12   100 port 3 reset\n") {
		t.Errorf("got %q", out.String())
	}
	want := "sloginfo: " + filepath.Join(dir, "bad.fmt") + ": line 1: want a major code, a minor code and a format\n"
	if errs.String() != want {
		t.Errorf("stderr %q, want %q", errs.String(), want)
	}
}
