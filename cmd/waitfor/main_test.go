package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"io-pkt/internal/cmdtest"
)

func TestMain(m *testing.M) {
	cmdtest.BeCommand(main)
	os.Exit(m.Run())
}

// command runs waitfor as a process of its own, in a directory.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := cmdtest.Command(t, args...)
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
		stdout, stderr, status := cmdtest.Run(t, command(t, dir, c.args...))
		if status != c.status || stderr != c.stderr || stdout != "" {
			t.Errorf("%q: status %d, %q, %q", c.args, status, stdout, stderr)
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
