package main

import (
	"os"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	dev := t.TempDir()
	for _, line := range []string{"random", "random -t -p -l /var/random", "pipe", "devc-pty --help"} {
		var out strings.Builder
		status := run(strings.Fields(line), dev, &out)
		if help := strings.HasSuffix(line, "--help"); status != 0 || help != strings.HasPrefix(out.String(), "usage: ") || !help && out.Len() > 0 {
			t.Errorf("%s: status %d, %q", line, status, &out)
		}
	}
	if made, err := os.ReadDir(dev); err != nil || len(made) > 0 {
		t.Errorf("%v, %v", made, err)
	}
}

// devc-pty makes what scripts wait for, and leaves what is there.
func TestPTY(t *testing.T) {
	dev := t.TempDir()
	for range 2 {
		var out strings.Builder
		if status := run([]string{"/sbin/devc-pty", "-n", "32", "&"}, dev, &out); status != 0 || out.Len() > 0 {
			t.Errorf("status %d, %q", status, &out)
		}
		if to, err := os.Readlink(dev + "/ptyp0"); to != "ptmx" {
			t.Errorf("%q, %v", to, err)
		}
	}
	if status := run([]string{"devc-pty"}, dev+"/none", nil); status != 0 {
		t.Errorf("without /dev: status %d", status)
	}
}
