package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The test binary plays the server when it is started by the name "served", and a
// program that becomes another user by the name "becomes".
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "served":
		os.Exit(serve(os.Args))
	case "becomes":
		os.Exit(becomes(os.Args))
	}
	goleak.VerifyTestMain(m)
}

// serve is a server that does what its arguments say: it writes its pid and
// then, word by word, "ready", "die" (by SIGKILL), "hold" (until the file named
// next can be opened: a FIFO that the test opens), "exitN".
func serve(args []string) int {
	d, status, err := Start(args)
	if d == nil {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return status
	}
	fmt.Printf("pid %d\n", os.Getpid())
	for i, word := range args[1:] {
		switch {
		case word == "ready":
			d.Ready()
			d.Ready()
		case word == "die":
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case word == "hold":
			_, _ = os.ReadFile(args[i+2])
		case strings.HasPrefix(word, "exit"):
			n, _ := strconv.Atoi(word[len("exit"):])
			return n
		}
	}
	fmt.Println("done")
	return 0
}

func command(words ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{"/some/where/served"}, words...)
	return cmd
}

// fifo makes a FIFO; release lets whoever reads it go on.
func fifo(t *testing.T) (path string, release func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, func() {
		t.Helper()
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// output starts cmd with its standard output on a pipe and gives a function
// that reads a line of it; "" at its end, which is when the server has ended.
func output(t *testing.T, cmd *exec.Cmd) (line func() string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	if err := r.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return func() string {
		t.Helper()
		var b []byte
		for one := make([]byte, 1); ; b = append(b, one[0]) {
			if _, err := r.Read(one); err == io.EOF {
				return ""
			} else if err != nil {
				t.Fatal(err)
			}
			if one[0] == '\n' {
				return string(b)
			}
		}
	}
}

func pid(t *testing.T, line string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscanf(line, "pid %d", &n); err != nil {
		t.Fatalf("line %q: %v", line, err)
	}
	return n
}

func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		name, words string
		want        int
	}{
		{"ready and then a failure that nobody sees", "ready exit3", 0},
		{"ends well before it is ready", "exit0", 0},
		{"fails before it is ready", "exit3", 3},
		{"killed before it is ready", "die", 128 + 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := command(strings.Fields(tt.words)...)
			err := cmd.Run()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
		})
	}
}

// The command ends when the server is ready, not before and not after; the
// server then goes on, and can still write to the caller's output.
func TestReady(t *testing.T) {
	before, goReady := fifo(t)
	after, goEnd := fifo(t)
	cmd := command("hold", before, "ready", "hold", after)
	line := output(t, cmd)
	server := pid(t, line())

	// Looking once is enough to catch, now and then, a Start that does not wait.
	if stat := proc(t, cmd.Process.Pid, "stat"); strings.Contains(stat, ") Z ") {
		t.Error("the command has ended before the server was ready")
	}
	goReady()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("command: %v", err)
	}
	checkProcess(t, server, cmd.Args)
	goEnd()
	if got := line(); got != "done" {
		t.Errorf("last line %q, want %q", got, "done")
	}
}

// checkProcess looks at the server from outside, as ps does.
func checkProcess(t *testing.T, pid int, args []string) {
	t.Helper()
	if got, want := proc(t, pid, "cmdline"), strings.Join(args, "\x00")+"\x00"; got != want {
		t.Errorf("argument list %q, want %q", got, want)
	}
	if got, want := proc(t, pid, "comm"), "served\n"; got != want {
		t.Errorf("name %q, want %q", got, want)
	}
	if sid, err := sid(proc(t, pid, "stat")); err != nil || sid != pid {
		t.Errorf("session %d, %v; want its own, %d", sid, err, pid)
	}
	for to := range pipes(t, pid) {
		// What this process has as well was inherited from far above.
		if !pipes(t, os.Getpid())[to] {
			t.Errorf("%s is still open", to)
		}
	}
}

// pipes gives the pipes that a process has open.
func pipes(t *testing.T, pid int) map[string]bool {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	fds, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, fd := range fds {
		if to, _ := os.Readlink(filepath.Join(dir, fd.Name())); strings.HasPrefix(to, "pipe:") {
			found[to] = true
		}
	}
	return found
}

func proc(t *testing.T, pid int, name string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func sid(stat string) (int, error) {
	_, rest, ok := strings.Cut(stat, ") ")
	if f := strings.Fields(rest); ok && len(f) > 3 {
		return strconv.Atoi(f[3])
	}
	return 0, fmt.Errorf("stat %q", stat)
}

func TestParentKilled(t *testing.T) {
	hold, release := fifo(t)
	cmd := command("hold", hold, "ready")
	line := output(t, cmd)
	pid(t, line())
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	release()
	if got := line(); got != "done" {
		t.Errorf("last line %q, want %q: the server must go on", got, "done")
	}
}

func TestShell(t *testing.T) {
	for _, tt := range []struct{ name, script string }{
		{"in the foreground", `"$0" ready; echo status $?`},
		{"with &", `"$0" ready & wait $!; echo status $?`},
		{"with nohup", `nohup "$0" ready 2>&1 </dev/null; echo status $?`},
		{"without standard input", `"$0" ready <&-; echo status $?`},
		{"with a stale variable", variable + `=1:1 "$0" ready; echo status $?`},
		{"with a broken variable", variable + `=x "$0" ready; echo status $?`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			link := filepath.Join(t.TempDir(), "served")
			if err := os.Symlink(exe, link); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer // Run waits until the server has ended, too
			cmd := exec.Command("sh", "-c", tt.script, link)
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			for _, want := range []string{"status 0\n", "done\n"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in %q", want, out.String())
				}
			}
			if n := strings.Count(out.String(), "pid"); n != 1 {
				t.Errorf("%d servers, want 1", n)
			}
		})
	}
}

func TestNil(t *testing.T) {
	var d *Daemon
	d.Ready() // a program that stays in the foreground has none
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"3:12345", "", ":", "3", "-1:2", "99999999999:1", "3:18446744073709551616"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fd, inode, err := parse(s)
		if err != nil {
			return
		}
		if fd < 0 {
			t.Errorf("parse(%q) = %d: negative", s, fd)
		}
		fd2, inode2, err := parse(fmt.Sprintf("%d:%d", fd, inode))
		if fd2 != fd || inode2 != inode || err != nil {
			t.Errorf("parse(%q) = %d, %d; printed and parsed again %d, %d, %v", s, fd, inode, fd2, inode2, err)
		}
	})
}
