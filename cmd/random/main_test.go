package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for _, line := range []string{"", "-t -p -l /var/random", "-n 32 &"} {
		var out strings.Builder
		if status := run(strings.Fields(line), &out); status != 0 || out.Len() > 0 {
			t.Errorf("%s: status %d, %q", line, status, &out)
		}
	}
	var out strings.Builder
	if status := run([]string{"--help"}, &out); status != 0 || !strings.HasPrefix(out.String(), "usage: ") {
		t.Errorf("--help: status %d, %q", status, &out)
	}
}
