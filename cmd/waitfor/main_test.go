package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// beCommand makes the test's own binary waitfor.
const beCommand = "WAITFOR_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(beCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command runs waitfor as a process of its own, in a directory.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), beCommand+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Dir = dir
	return cmd
}

func TestWaitfor(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "socket"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		stderr string
		status int
	}{
		{[]string{"socket"}, "", 0},
		{[]string{"socket/", "3000"}, "", 0},
		{[]string{"none", "0"}, "Unable to access none\n", 1},
		{[]string{"none/io-usb", "0.1"}, "Unable to access none/io-usb\n", 1},
		{[]string{"none", "0.2", "20"}, "Unable to access none\n", 1},
		{[]string{"socket/no", "0x0", "x"}, "Unable to access socket/no\n", 1},
		{[]string{"--", "-none", "0"}, "Unable to access -none\n", 1},
		{[]string{"-v", "socket"}, "waitfor: unknown option -- v\n", 1},
		{nil, "", 1},
	} {
		cmd := command(t, dir, c.args...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != c.status || stderr.String() != c.stderr || stdout.Len() > 0 {
			t.Errorf("%q: status %d, %q, %q", c.args, got, &stdout, &stderr)
		}
	}
}

// TestAppears: a path that comes ends the wait.
func TestAppears(t *testing.T) {
	dir := t.TempDir()
	cmd := command(t, dir, "socket", "3600", "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "socket"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
