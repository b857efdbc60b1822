package process

import (
	"errors"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParsePriority(t *testing.T) {
	for word, want := range map[string]Priority{
		"10": {10, 0}, "21r": {21, 'r'}, "0x15f": {0x15, 'f'}, "63F": {63, 'f'}, "255o": {255, 'o'}, "0": {0, 0},
	} {
		if got, err := ParsePriority(word); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", word, got, err, want)
		}
	}
	for _, word := range []string{"", "r", "-1", "256", "10x", "10rr"} {
		if got, err := ParsePriority(word); err == nil {
			t.Errorf("%q: %v", word, got)
		}
	}
}

// What is set shows.
func TestSet(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sleep", "3600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	id := cmd.Process.Pid
	for _, c := range []struct{ set, want Priority }{
		{Priority{5, 0}, Priority{5, 'o'}},
		{Priority{21, 0}, Priority{21, 'o'}},
		{Priority{63, 'r'}, Priority{63, 'r'}},
		{Priority{200, 'f'}, Priority{99, 'f'}},
		{Priority{10, 'o'}, Priority{10, 'o'}},
	} {
		if err := c.set.Set(id); errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			t.Skip("not allowed here:", err)
		} else if err != nil {
			t.Fatal(err)
		}
		if p, _ := find(t, id); p.Priority() != c.want {
			t.Errorf("%v: %v, want %v", c.set, p.Priority(), c.want)
		}
	}
}

func TestRunmask(t *testing.T) {
	var m Runmask
	for _, c := range []struct {
		letter rune
		word   string
		want   Runmask
	}{{'C', "0", 1}, {'C', "0x3", 9}, {'R', "0x30", 0x39}, {'C', "63", 0x39 | 1<<63}} {
		if err := m.Add(c.letter, c.word); err != nil || m != c.want {
			t.Errorf("-%c %s: %#x, %v; want %#x", c.letter, c.word, m, err, c.want)
		}
	}
	for letter, word := range map[rune]string{'C': "64", 'R': "0"} {
		if err := m.Add(letter, word); err == nil {
			t.Errorf("-%c %s is taken", letter, word)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sleep", "3600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if err := Runmask(1).Set(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(cmd.Process.Pid, &set); err != nil || set.Count() != 1 || !set.IsSet(0) {
		t.Errorf("%d processors, %v", set.Count(), err)
	}
	if err := Runmask(1 << 63).Set(cmd.Process.Pid); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a processor that is not there: %v", err)
	}
}
