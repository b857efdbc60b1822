package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"io-pkt/internal/cmdtest"
	"io-pkt/internal/process"
)

func TestMain(m *testing.M) {
	cmdtest.BeCommand(main)
	os.Exit(m.Run())
}

// on gives the command, as a process of its own.
func on(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return cmdtest.Command(t, args...)
}

// shell runs a line of sh under on with options, and gives what it said.
func shell(t *testing.T, options, line string) (stdout, stderr string, status int) {
	t.Helper()
	return cmdtest.Run(t, on(t, append(strings.Fields(options), "sh", "-c", line)...))
}

// until waits for what has no event.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// needRoot skips a test where it cannot run.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs root")
		}
		t.Skip("needs root")
	}
}

func TestOn(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		options, line string
		out           string
		status        int
		root          bool
	}{
		{"", "echo $0 a b; exit 3", "sh a b\n", 3, false},
		{"-X aps=IOPKT", "echo hello", "hello\n", 0, false},
		{"-ad -A nonroot,deny,fork -P -c -T t -S /x", "echo hello", "hello\n", 0, false},
		{"-e A=1 -e B=x=y", "echo $A $B $IO_PKT_TEST_COMMAND", "1 x=y 1\n", 0, false},
		{"-e IO_PKT_TEST_COMMAND=2 -e A=1 -e A=5", "printenv IO_PKT_TEST_COMMAND A", "2\n5\n", 0, false},
		{"-s -e IO_PKT_TEST_COMMAND=2", "printenv IO_PKT_TEST_COMMAND", "2\n", 0, false},
		{"-E -e A=1", "echo $A $IO_PKT_TEST_COMMAND", "1\n", 0, false},
		{"-p 5", "nice", "5\n", 0, false},
		{"-p 12o", "chrt -p $$ | head -1 | sed 's/.*: //'", "SCHED_OTHER\n", 0, true},
		{"-p 21r", "chrt -p $$ | sed 's/.*: //'", "SCHED_RR\n21\n", 0, true},
		{"-p200f", "chrt -p $$ | sed 's/.*: //'", "SCHED_FIFO\n99\n", 0, true},
		{"-C 0", "taskset -p $$ | sed 's/.*: //'", "1\n", 0, false},
		{"-R 0x1", "taskset -p $$ | sed 's/.*: //'", "1\n", 0, false},
		{"-L nofile:64 -L RLIMIT_CORE:0:0", "ulimit -n; ulimit -c", "64\n0\n", 0, false},
		{"-L nofile:64:0x80", "ulimit -n; ulimit -Hn", "64\n128\n", 0, false},
		{"-u 33:34,35", "id -u; id -g; id -G", "33\n34\n34 35\n", 0, true},
		{"-u nobody", "id -un", "nobody\n", 0, true},
		{"-l daemon", "pwd; echo $HOME $LOGNAME; umask", "/usr/sbin\n/usr/sbin daemon\n0022\n", 0, true},
		{"-l 0", "echo $HOME $LOGNAME", "/root root\n", 0, true},
		{"-l daemon,34", "id -u; id -G; echo $LOGNAME", "1\n1 34\ndaemon\n", 0, true},
		{"-s", "ps -o sid= -p $$ | tr -d ' ' | grep -qx $$ && echo leader; exit 4", "leader\n", 4, false},
		{"-s", "kill -KILL $$", "", 137, false},
		{"-W 0 -w " + dir, "echo there", "there\n", 0, false},
		{"-w " + dir + " -W 1:500 -w " + dir, "echo there", "there\n", 0, false},
	} {
		t.Run(c.options, func(t *testing.T) {
			if c.root {
				needRoot(t)
			}
			out, errs, status := shell(t, c.options, c.line)
			if c.options == "" {
				cmd := on(t, "sh", "-c", "echo $0 $*; exit 3", "sh", "a", "b")
				b, _ := cmd.Output()
				out, status = string(b), cmd.ProcessState.ExitCode()
			}
			if out != c.out || errs != "" || status != c.status {
				t.Errorf("status %d, %q, %q; want %d, %q", status, out, errs, c.status, c.out)
			}
		})
	}
}

// What this machine does not have is told, and the command runs without it.
func TestWithout(t *testing.T) {
	out, errs, status := shell(t, "-C 63", "echo runs")
	if out != "runs\n" || errs != "on: set runmask 0x8000000000000000: invalid argument\n" || status != 0 {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct{ line, err string }{
		{"", "no command was given"},
		{"-s", "no command was given"},
		{"-x true", "unknown option -- x"},
		{"-p fast true", `bad priority "fast"`},
		{"-n other true", "there is no other node"},
		{"-f other true", "there is no other node"},
		{"-e NAME true", "want NAME=value"},
		{"-a x true", "want d or e"},
		{"-L nofile true", "want name:soft[:hard]"},
		{"-L files:3 true", "want name:soft[:hard]"},
		{"-L nofile:x true", `bad number "x"`},
		{"-L nofile:9:8 true", "above the hard one"},
		{"-u no-such-user true", `bad user "no-such-user"`},
		{"-l 4000000000 true", "unknown userid 4000000000"},
		{"-t no-such-tty true", "no such file"},
		{"no-such-command", "on: no-such-command: No such file or directory\n"},
		{"/etc/passwd", "on: /etc/passwd: Permission denied\n"},
		{"-w /no/such/path -W 0 true", "Unable to access /no/such/path\n"},
	} {
		cmd := on(t, strings.Fields(c.line)...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		_ = cmd.Run()
		if status := cmd.ProcessState.ExitCode(); status != 1 || !strings.Contains(errs.String(), c.err) {
			t.Errorf("on %s: status %d, %q", c.line, status, &errs)
		}
	}
}

// Without a command it is the caller that changes.
func TestCaller(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `"$0" -p 4 && nice`, os.Args[0])
	cmd.Env = on(t).Env
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "6\n" {
		t.Errorf("%v, %q", err, out)
	}
}

// Detached, the command goes on when on has ended.
func TestDetached(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	if _, errs, status := shell(t, "-d", "echo $$ >"+file+".new; mv "+file+".new "+file+"; exec >&- 2>&- sleep 3600"); status != 0 {
		t.Fatalf("status %d, %q", status, errs)
	}
	var pid int
	until(t, "the command", func() bool {
		b, err := os.ReadFile(file)
		for _, c := range strings.TrimSpace(string(b)) {
			pid = pid*10 + int(c-'0')
		}
		return err == nil
	})
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Error(err)
	}
}

// Held, it begins when it is let go.
func TestHeld(t *testing.T) {
	for _, options := range [][]string{{"-h"}, {"-h", "-s"}} {
		cmd := on(t, append(options, "/bin/echo", "held")...)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		held := 0
		until(t, "it to be held", func() bool {
			list, err := process.List(process.Proc)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				if state, _ := p.State(); state == "STOPPED" && (p.ID == cmd.Process.Pid || p.Parent == cmd.Process.Pid) {
					held = p.ID
				}
			}
			return held != 0
		})
		if err := unix.Kill(held, unix.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil || out.String() != "held\n" {
			t.Errorf("%v: %v, %q", options, err, &out)
		}
	}
}

// On a terminal the command has it for all its input and output.
func TestTerminal(t *testing.T) {
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ptmx.Close()
	defer tty.Close()
	if out, errs, status := shell(t, "-t "+strings.TrimPrefix(tty.Name(), "/dev/"), "tty; ps -o tty= -p $$"); status != 0 || out+errs != "" {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
	b := make([]byte, 100)
	n, err := ptmx.Read(b)
	if err != nil || !strings.HasPrefix(string(b[:n]), tty.Name()) {
		t.Errorf("%q, %v", b[:n], err)
	}
}

// What on waits for ends with it.
func TestKilled(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := on(t, "-s", "sh", "-c", "echo begun; exec sleep 3600")
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	if n, err := r.Read(make([]byte, 10)); n != 6 || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err := r.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		t.Fatal(err)
	}
	if n, err := r.Read(make([]byte, 10)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it lives: %d bytes, %v", n, err)
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
		t.Errorf("on: %v", cmd.ProcessState)
	}
}

// A command line that is taken has something to do.
func FuzzOptions(f *testing.F) {
	f.Add("-p 21r -C 0 -X aps=a io-pkt-v4-hc -d ecm")
	f.Add("-W 2:500 -w /dev/socket -e A=B -L nofile:1:2 true")
	f.Add("-R 3")
	f.Fuzz(func(t *testing.T, line string) {
		o, err := parseOptions(strings.Split(line, " "))
		if err != nil {
			return
		}
		if len(o.command) == 0 && o.runmask == 0 && o.priority == nil && len(o.waits) == 0 {
			t.Errorf("%q: %+v", line, o)
		}
		if o.limit < 0 {
			t.Errorf("%q waits %v", line, o.limit)
		}
		for _, l := range o.limits {
			if l.value.Cur > l.value.Max {
				t.Errorf("%q: %+v", line, l)
			}
		}
	})
}
