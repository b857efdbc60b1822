package process

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/proctest"
)

// find gives one process of the list.
func find(t *testing.T, id int) (Process, bool) {
	t.Helper()
	list, err := List(Proc)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(p Process) bool { return p.ID == id })
	if i < 0 {
		return Process{}, false
	}
	return list[i], true
}

// The list has this process, and a child as long as it lives.
func TestList(t *testing.T) {
	me, ok := find(t, os.Getpid())
	if !ok || me.Name() != filepath.Base(os.Args[0]) || me.UID != os.Getuid() || me.Parent != os.Getppid() || len(me.Threads) < 2 {
		t.Errorf("this process is %+v, %t", me, ok)
	}
	if last := me.Threads[len(me.Threads)-1]; last.ID != len(me.Threads) {
		t.Errorf("the last thread is %+v", last)
	}
	cmd := exec.CommandContext(t.Context(), "sleep", "3600")
	cmd.Args[0] = "/usr/sbin/io-pkt-v4-hc"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child, ok := find(t, cmd.Process.Pid)
	if !ok || child.Name() != "io-pkt-v4-hc" || child.Parent != os.Getpid() || strings.Join(child.Args, " ") != "/usr/sbin/io-pkt-v4-hc 3600" {
		t.Errorf("the child is %+v, %t", child, ok)
	}
	if got := child.Priority(); got != (Priority{10, 'o'}) {
		t.Errorf("priority %v", got)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if gone, ok := find(t, cmd.Process.Pid); ok {
		t.Errorf("it has ended: %+v", gone)
	}
}

// Where users see only their own processes, others are not listed (proc(5), hidepid=1).
func TestHiddenProcesses(t *testing.T) {
	proc := t.TempDir()
	if err := errors.Join(
		os.Chmod(filepath.Dir(proc), 0o755),
		os.Symlink(filepath.Join(Proc, "self"), filepath.Join(proc, "self")),
		os.Symlink(filepath.Join(Proc, strconv.Itoa(os.Getpid())), filepath.Join(proc, "2")),
		os.Mkdir(filepath.Join(proc, "1"), 0o755),
		os.WriteFile(filepath.Join(proc, "1/cmdline"), []byte("x\x00"), 0),
	); err != nil {
		t.Fatal(err)
	}
	var list []Process
	var err error
	proctest.AsNobody(func() { list, err = List(proc) })
	if err != nil || len(list) != 1 || list[0].ID != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestName(t *testing.T) {
	for arg, want := range map[string]string{
		"io-usb": "io-usb", "/usr/sbin/slogger": "slogger", "-bash": "bash", "nginx: master process": "nginx",
		"sshd: /usr/sbin/sshd -D": "sshd", "": "kernel", "/": "kernel", "./a b": "a",
	} {
		if got := (Process{Args: []string{arg}, status: status{comm: "kernel"}}).Name(); got != want {
			t.Errorf("%q is %q, want %q", arg, got, want)
		}
	}
}

const statLine = "4711 (a) b (c) S 1 4711 4710 34816 4711 4194560 1 0 0 0 0 0 0 0 20 -5 1 0 100 1 1 " +
	"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 40 2 0 0 0\n"

func TestParseStat(t *testing.T) {
	s, err := parseStat(statLine)
	if err != nil {
		t.Fatal(err)
	}
	want := stat{parent: 1, session: 4710, tty: 34816, started: 100, status: status{comm: "a) b (c", state: 'S', nice: -5, realtime: 40, policy: unix.SCHED_RR}}
	if s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	if got := s.Priority(); got != (Priority{40, 'r'}) {
		t.Errorf("priority %v", got)
	}
	for _, line := range []string{"", "1 (a", "1 a)", ")(", "1 (a) S 1 2", strings.Replace(statLine, " -5 ", " x ", 1)} {
		if s, err := parseStat(line); err == nil {
			t.Errorf("%q is %+v", line, s)
		}
	}
}

func TestPriority(t *testing.T) {
	for _, c := range []struct {
		s    status
		want Priority
	}{
		{status{}, Priority{10, 'o'}},
		{status{nice: -11}, Priority{21, 'o'}},
		{status{nice: 19}, Priority{1, 'o'}},
		{status{policy: unix.SCHED_FIFO, realtime: 63}, Priority{63, 'f'}},
	} {
		if got := c.s.Priority(); got != c.want {
			t.Errorf("%+v: %v, want %v", c.s, got, c.want)
		}
	}
}

// A line that is taken has a state that can be shown.
func FuzzParseStat(f *testing.F) {
	f.Add(statLine)
	f.Add("1 () R")
	f.Fuzz(func(t *testing.T, line string) {
		s, err := parseStat(line)
		if err != nil {
			return
		}
		state, _ := s.State()
		if p := s.Priority(); state == "" || p.Policy == 0 || s.policy == 0 && p.Level < 1 {
			t.Errorf("%q: %+v", line, s)
		}
	})
}
