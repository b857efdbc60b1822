package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"io-pkt/internal/cmdtest"
)

// A command may be found in this directory, which "." and an empty word in PATH mean, or
// below it. With -l it runs in another one.
func TestPath(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"beside", "sub/below"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho found\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		path, line string
		root       bool
	}{
		{".:/bin", "beside", false}, {":/bin", "beside", false}, {"/bin:", "-s beside", false},
		{"/bin:sub", "below", false}, {"/bin:.", "-l 0 beside", true},
	} {
		t.Run(c.line, func(t *testing.T) {
			if c.root {
				needRoot(t)
			}
			cmd := on(t, strings.Fields(c.line)...)
			cmd.Dir, cmd.Env = dir, append(cmd.Env, "PATH="+c.path)
			if out, errs, status := cmdtest.Run(t, cmd); status != 0 || out != "found\n" || errs != "" {
				t.Errorf("PATH=%s: status %d, %q, %q", c.path, status, out, errs)
			}
		})
	}
}
