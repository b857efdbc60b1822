package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStatusField(t *testing.T) {
	const status = "Name:\tio-pkt\nVmRSS:\t   10752 kB\nvoluntary_ctxt_switches:\t42\nnonvoluntary_ctxt_switches:\t7\nEmpty:\n"
	for _, tt := range []struct {
		field string
		want  int
		err   string
	}{
		{"VmRSS", 10752, ""},
		{"voluntary_ctxt_switches", 42, ""},
		{"ctxt_switches", 0, "no such field"},
		{"Empty", 0, "no such field"},
		{"Name", 0, "invalid syntax"},
	} {
		t.Run(tt.field, func(t *testing.T) {
			got, err := statusField([]byte(status), tt.field)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %d, %v; want %d, %q", got, err, tt.want, tt.err)
			}
		})
	}
}

// The kernel's own files are of this form.
func TestSumStatus(t *testing.T) {
	if n, err := sumStatus("/proc/self/status", "VmRSS"); err != nil || n < 1000 {
		t.Errorf("this process: %d kB, %v", n, err)
	}
	if n, err := sumStatus("/proc/self/task/*/status", "voluntary_ctxt_switches"); err != nil || n < 1 {
		t.Errorf("this process's threads: woken %d times, %v", n, err)
	}
	if _, err := sumStatus(t.TempDir()+"/*/status", "VmRSS"); err == nil {
		t.Error("no process at all: no error")
	}
}

func TestResident(t *testing.T) {
	status := filepath.Join(t.TempDir(), "status")
	if err := os.WriteFile(status, []byte("VmHWM:\t   99999 kB\nVmRSS:\t   12500 kB\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := resident(status); got != 12.8 || err != nil {
		t.Errorf("got %g MB, %v; want 12.8", got, err)
	}
}
