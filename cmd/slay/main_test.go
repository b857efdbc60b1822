package main

import (
	"fmt"
	"os"
	"os/exec"
	signals "os/signal"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"io-pkt/internal/cmdtest"
	"io-pkt/internal/process"
)

func TestMain(m *testing.M) {
	cmdtest.BeCommand(main)
	os.Exit(m.Run())
}

// command runs slay as a process of its own and gives what it said and its status.
func command(t *testing.T, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return runCommand(t, cmdtest.Command(t, args...), stdin)
}

func runCommand(t *testing.T, cmd *exec.Cmd, stdin string) (stdout, stderr string, status int) {
	t.Helper()
	cmd.Stdin = strings.NewReader(stdin)
	return cmdtest.Run(t, cmd)
}

// A victim is a process under a name that nobody else has.
type victim struct{ *exec.Cmd }

var taken = os.Getpid()

// name gives a name that no process has.
func name(t *testing.T) string { return fmt.Sprintf("victim-%d-%s", taken, t.Name()) }

func start(t *testing.T, name string, attr *syscall.SysProcAttr) victim {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sleep", "3600")
	cmd.Args[0] = name
	cmd.SysProcAttr = attr
	// A signal that somebody ignored for us (nohup, or sh for what it starts with &) would
	// be ignored by the victim too. One that is handled is not.
	handled := make(chan os.Signal, 1)
	signals.Notify(handled, syscall.SIGHUP, syscall.SIGINT)
	err := cmd.Start()
	signals.Stop(handled)
	if err != nil {
		t.Fatal(err)
	}
	v := victim{cmd}
	t.Cleanup(func() {
		if v.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return v
}

// diedOf waits for its end and gives the signal that it died of.
func (v victim) diedOf() syscall.Signal {
	_ = v.Wait()
	return v.ProcessState.Sys().(syscall.WaitStatus).Signal()
}

// lives reports whether it is still there.
func (v victim) lives() bool {
	_, err := process.Read(process.Proc, v.Process.Pid)
	return err == nil
}

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		options string
		want    syscall.Signal
	}{
		{"", syscall.SIGTERM}, {"-f", syscall.SIGTERM}, {"-s KILL", syscall.SIGKILL}, {"-s SIGHUP", syscall.SIGHUP},
		{"-sint", syscall.SIGINT}, {"-9", syscall.SIGKILL}, {"-Q -f -SIGUSR1", syscall.SIGUSR1}, {"-HUP", syscall.SIGHUP},
		{"-fQ -KILL", syscall.SIGKILL}, {"-TERM", syscall.SIGTERM}, {"-fs9", syscall.SIGKILL},
		{"-C 0 -s TERM", syscall.SIGTERM}, {"-m name", syscall.SIGTERM},
	} {
		v := start(t, "/usr/sbin/"+name(t), nil)
		other := start(t, name(t)+"-hc", nil)
		if out, errs, status := command(t, "", append(strings.Fields(c.options), name(t))...); status != 1 || out+errs != "" {
			t.Fatalf("%q: status %d, %q, %q", c.options, status, out, errs)
		}
		if got := v.diedOf(); got != c.want {
			t.Errorf("%q: died of %v, want %v", c.options, got, c.want)
		}
		if !other.lives() {
			t.Errorf("%q ended another one", c.options)
		}
	}
}

// The status is how many it was done to.
func TestStatus(t *testing.T) {
	none := name(t) + "-none"
	if out, errs, status := command(t, "", none); status != 0 || out != "" || errs != "slay: Unable to find process '"+none+"'\n" {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
	if out, errs, status := command(t, "", "-Q", "-f", none); status != 0 || out+errs != "" {
		t.Errorf("quiet: status %d, %q, %q", status, out, errs)
	}
	var all []victim
	var words []string
	for i := range 3 {
		all = append(all, start(t, fmt.Sprintf("%s-%d", name(t), i), nil))
		words = append(words, fmt.Sprintf("%s-%d", name(t), i))
	}
	if _, errs, status := command(t, "", append(words, none)...); status != 3 || !strings.Contains(errs, none) {
		t.Errorf("status %d, %q", status, errs)
	}
	for _, v := range all {
		v.diedOf()
	}
}

// Of several it asks for each; the end of input is a no.
func TestAsks(t *testing.T) {
	a, b := start(t, name(t), nil), start(t, name(t), nil)
	if _, _, status := command(t, "", name(t)); status != 0 || !a.lives() || !b.lives() {
		t.Errorf("no answer: status %d", status)
	}
	out, _, status := command(t, "n\nYes\n", name(t))
	if status != 1 || strings.Count(out, "(y/n)?") != 2 {
		t.Errorf("one no, one yes: status %d, %q", status, out)
	}
	b.diedOf()
	if _, _, status := command(t, "n\n", "-q", "-f", name(t)); status != 0 || !a.lives() {
		t.Errorf("-q: status %d", status)
	}
	start(t, name(t), nil)
	if _, _, status := command(t, "", "-f", name(t)); status != 2 {
		t.Errorf("-f: status %d", status)
	}
}

func TestNumbers(t *testing.T) {
	v := start(t, name(t), nil)
	id := strconv.Itoa(v.Process.Pid)
	if out, _, status := command(t, "", "-p", name(t)); status != 1 || out != id+"\n" || !v.lives() {
		t.Errorf("-p: status %d, %q", status, out)
	}
	if _, _, status := command(t, "", "-m", "name", id); status != 0 || !v.lives() {
		t.Errorf("-m name: status %d", status)
	}
	if _, _, status := command(t, "", "-m", "pid", name(t)); status != 0 || !v.lives() {
		t.Errorf("-m pid: status %d", status)
	}
	if out, _, status := command(t, "", "-v", id); status != 1 || out != "slay: "+name(t)+" ("+id+")\n" {
		t.Errorf("by number, -v: status %d, %q", status, out)
	}
	v.diedOf()
}

// -S spares parents, but of slay itself nobody is one: a shell that runs it ends.
func TestSpares(t *testing.T) {
	start(t, name(t), nil)
	if _, _, status := command(t, "", "-fQS", filepath.Base(os.Args[0])); status != 0 {
		t.Errorf("status %d", status) // this very test has a child
	}
	sh := exec.CommandContext(t.Context(), "sh", "-c", `"$0" -S "$1"; exit 0`, os.Args[0], name(t)+"-sh")
	sh.Args[0], sh.Env = name(t)+"-sh", cmdtest.Command(t).Env
	if err := sh.Start(); err != nil {
		t.Fatal(err)
	}
	if got := (victim{sh}).diedOf(); got != syscall.SIGTERM {
		t.Errorf("slay's parent: %v", sh.ProcessState)
	}
}

// -h holds, -u lets go on, -t looks at the terminal.
func TestKinds(t *testing.T) {
	v := start(t, name(t), nil)
	becomes := func(stopped bool) bool { // when it has seen the signal
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			p, err := process.Read(process.Proc, v.Process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			if s, _ := p.State(); (s == "STOPPED") == stopped {
				return true
			}
		}
		return false
	}
	if _, _, status := command(t, "", "-h", name(t)); status != 1 || !becomes(true) {
		t.Errorf("-h: status %d", status)
	}
	if _, _, status := command(t, "", "-u", name(t)); status != 1 || !becomes(false) {
		t.Errorf("-u: status %d", status)
	}
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ptmx.Close()
	defer tty.Close()
	if _, _, status := command(t, "", "-Q", "-t", tty.Name(), name(t)); status != 0 || !v.lives() {
		t.Errorf("-t: status %d", status)
	}
	on := exec.CommandContext(t.Context(), "sleep", "3600")
	on.Args[0] = name(t) + "-tty"
	on.Stdin, on.SysProcAttr = tty, &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := on.Start(); err != nil {
		t.Fatal(err)
	}
	if _, _, status := command(t, "", "-t", strings.TrimPrefix(tty.Name(), "/dev/"), on.Args[0]); status != 1 {
		t.Errorf("-t: status %d", status)
	}
	_ = on.Wait()
}

// Priorities change, and nobody ends.
func TestPriority(t *testing.T) {
	v := start(t, name(t), nil)
	if _, errs, status := command(t, "", "-P", "5", "-R", "1", name(t)); status != 1 {
		t.Fatalf("status %d, %q", status, errs)
	}
	p, err := process.Read(process.Proc, v.Process.Pid)
	if err != nil || p.Priority().Level != 5 {
		t.Errorf("priority %v, %v", p.Priority(), err)
	}
	if _, errs, status := command(t, "", "-T", "99", "-P", "6", name(t)); status != 0 || !strings.Contains(errs, "thread 99: no such process") {
		t.Errorf("a thread that is not there: status %d, %q", status, errs)
	}
}

// A user reaches his own processes only, root everybody's.
func TestOthers(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	if os.Getuid() != 0 || err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs root, and a user nobody")
		}
		t.Skip("needs root, and a user nobody")
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	as := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	roots, theirs := start(t, name(t), nil), start(t, name(t), as)
	// Where the test's binary is, nobody may not look.
	dir, err := os.MkdirTemp("/tmp", "slay")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	copied := filepath.Join(dir, "slay")
	if out, err := exec.Command("cp", os.Args[0], copied).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := cmdtest.Command(t, "-f", name(t))
	cmd.Path, cmd.SysProcAttr = copied, as
	if out, errs, status := runCommand(t, cmd, ""); status != 1 || !roots.lives() {
		t.Errorf("as nobody: status %d, %q, %q", status, out, errs)
	}
	theirs.diedOf()
	theirs = start(t, name(t), as)
	if _, _, status := command(t, "", "-f", name(t)); status != 2 {
		t.Errorf("as root: status %d", status)
	}
	theirs.diedOf()
}
