package main

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// started is what TestLeavesNothing's scripts have running when they say "ready":
// servers that have left their parents, that close their ears, that are stopped,
// and one whose parent is gone.
const started = `
	sh -c "setsid sleep 1000 & echo $$ >/dev/null"
	[+session] sh -c "trap '' TERM HUP INT; while :; do sleep 1000; done" &
	sh -c "sleep 1000 & kill -STOP $!"
	sleep 1000 &
	waitfor /dev/null
	display_msg ready
`

// marker is a variable that tells the processes of a test from all others.
const marker = "IO_PKT_BUILDFILE_TEST="

// marked counts the processes that have the marker.
func marked(mark string) (n int) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, f := range files {
		env, _ := os.ReadFile(f)
		if bytes.Contains(env, []byte(mark)) {
			n++
		}
	}
	return n
}

// However a run ends, nothing is left of it: no process, no file, no mount.
func TestLeavesNothing(t *testing.T) {
	needNamespaces(t)
	for _, c := range []struct {
		name   string
		lines  string // after started
		args   []string
		signal syscall.Signal // when it says "ready"
		status int
		err    string // with LINE for the file and its line
	}{
		{name: "Ctrl-C, a command never ends", lines: "sleep 1000", signal: syscall.SIGINT, status: 130, err: "LINE:9:1: sleep 1000: interrupted: interrupt"},
		{name: "terminated, in a wait", lines: "waitfor /none 1000", signal: syscall.SIGTERM, status: 143, err: "LINE:9:1: waitfor /none 1000: interrupted: terminated"},
		{name: "hung up, at the end", signal: syscall.SIGHUP},
		{name: "killed", lines: "sleep 1000", signal: syscall.SIGKILL, status: -1},
		{name: "a command never ends, with a limit", lines: "sleep 1000", args: []string{"-w", "8"}, status: 124, err: "LINE:9:1: sleep 1000: it did not end in time"},
		{name: "a reopen in vain, with a limit", lines: "reopen /none 1000", args: []string{"-w", "8"}, status: 124, err: "LINE:9:1: reopen /none 1000: it did not end in time"},
		{name: "a failing line", lines: "none\nfalse", args: []string{"-c", "read line; true"}, status: 1},
		{name: "a command at the end", args: []string{"-c", "read line; exit 7"}, status: 7},
		{name: "a command at the end that never ends", args: []string{"-w", "8", "-c", "exec sleep 1000"}, status: 124, err: "-c exec sleep 1000: it did not end in time"},
		{name: "a limit when all is through", args: []string{"-w", "8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			file := script(t, started+c.lines)
			cmd := buildfileCommand(t, append(append([]string{"run"}, c.args...), file)...)
			mark := marker + tmp
			cmd.Env = append(cmd.Env, mark, "TMPDIR="+tmp)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			if !lines.Scan() || lines.Text() != "ready" {
				t.Fatalf("%q, %v: %s", lines.Text(), cmd.Wait(), stderr.String())
			}
			if n := marked(mark); n < 5 {
				t.Errorf("%d processes run", n)
			}
			_ = in.Close() // for what reads a line before it ends
			if c.signal != 0 {
				_ = cmd.Process.Signal(c.signal)
			}
			err = cmd.Wait()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			want := ""
			if c.err != "" {
				want = "buildfile: " + strings.Replace(c.err, "LINE", file, 1) + "\n"
			}
			if got := cmd.ProcessState.ExitCode(); got != c.status || stderr.String() != want {
				t.Errorf("status %d, want %d; %q, want %q", got, c.status, stderr.String(), want)
			}
			leftover(t, mark, tmp, c.signal == syscall.SIGKILL)
		})
	}
}

// leftover looks for processes, which may take a moment to go when their process 1
// was killed, and for files.
func leftover(t *testing.T, mark, tmp string, killed bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); marked(mark) > 0; time.Sleep(10 * time.Millisecond) {
		if !killed || time.Now().After(end) {
			t.Errorf("%d processes are left", marked(mark))
			break
		}
	}
	if files, err := os.ReadDir(tmp); !killed && (len(files) > 0 || err != nil) {
		t.Errorf("files are left: %v, %v", files, err)
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err != nil || bytes.Contains(mounts, []byte(tmp)) {
		t.Errorf("mounts are left: %s, %v", mounts, err)
	}
}

// What a run writes is below its root, and what is there it sees; its stack can be
// talked to from outside.
func TestRoot(t *testing.T) {
	needNamespaces(t)
	root := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := errors.Join(
		os.MkdirAll(filepath.Join(root, "etc/own"), 0o755),
		os.WriteFile(filepath.Join(root, "etc/own/name"), []byte("mine\n"), 0o644),
		os.WriteFile(filepath.Join(root, "etc/hostname"), []byte("target\n"), 0o644),
		os.Mkdir(filepath.Join(root, "fs"), 0o755),
	); err != nil {
		t.Fatal(err)
	}
	file := script(t, `
		cat /etc/own/name /etc/hostname /proc/boot/data
		sh -c "head -c 4 /etc/passwd; echo"
		sh -c ": >/tmp/a; : >/var/log/b; : >/dev/shmem/c; : >/fs/d; mkdir /dev/e"
		sh -c "touch /etc/passwd 2>/dev/null || echo protected"
		sh -c "touch `+outside+` 2>/dev/null || echo protected"
		mkdir -p /mnt2/x
		slogger
	`, "data = {\ndata of /proc/boot\n}", "unused = { x }", "/etc/../../../own = { /etc/own }")
	got := runBuildfile(t, "run", "-r", root, "-c", "test -S /dev/slog && SOCK=/.target/root sloginfo | wc -l", file)
	compare(t, "run", got, result{Out: "mine\ntarget\ndata of /.boot\nroot\nprotected\nprotected\n1\n"})
	if _, err := os.Lstat(outside); err == nil {
		t.Errorf("%s was written", outside)
	}
	var files []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, root))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	want := []string{"/dev/shmem/c", "/etc/hostname", "/etc/own/name", "/fs/d", "/proc/boot/data", "/tmp/a", "/var/log/b"}
	compare(t, "files", files, want)
}

// A directory that cannot be removed in the end is not left in silence.
func TestRemovalFails(t *testing.T) {
	setpriv := unprivileged(t)
	tmp, err := os.MkdirTemp(bin, "tmp")
	if err == nil {
		err = os.Chmod(tmp, 0o777)
	}
	file := filepath.Join(bin, "locked.build") // where everybody can read it
	if err := errors.Join(err, os.WriteFile(file, []byte("[+script] s = { display_msg x }"), 0o644)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exec.Command("chmod", "-R", "u+rwx", tmp).Run() }) // for TestMain, which removes it
	args := append(setpriv, filepath.Join(bin, "buildfile"), "run", "-c", "mkdir -p /tmp/locked/x; chmod 0 /tmp/locked", file)
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = []string{"TMPDIR=" + tmp, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err = cmd.Run()
	if got := stderr.String(); err != nil || !strings.HasPrefix(got, "buildfile: ") || !strings.Contains(got, "tmp/locked: permission denied") {
		t.Errorf("%v, %q", err, got)
	}
}

// A root that leads elsewhere is not followed.
func TestRootLeadsElsewhere(t *testing.T) {
	needNamespaces(t)
	root, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(root, "etc")); err != nil {
		t.Fatal(err)
	}
	file := script(t, "sh /etc/x", "/etc/x = { echo written }")
	got := runBuildfile(t, "run", "-r", root, file)
	if got.Status != exitUsage || !strings.HasSuffix(got.Err, "path escapes from parent\n") {
		t.Errorf("%+v", got)
	}
	if files, err := os.ReadDir(outside); len(files) > 0 || err != nil {
		t.Errorf("%v, %v", files, err)
	}
}

// The environment is that of the user, then the bootstrap's, then the script's.
func TestEnvironment(t *testing.T) {
	needNamespaces(t)
	t.Setenv("BUILDFILE_TEST_HOST", "host")
	file := script(t, `
		A=script
		C=$BUILDFILE_TEST_HOST
		sh -c "echo $A $B $C $BUILDFILE_TEST_HOST"
		A=line sh -c "echo $A; ifconfig -l >/dev/null 2>&1; command -v ifconfig"
	`, "[virtual=x,y] boot = { startup -v\n A=boot B=boot procnto }")
	got := runBuildfile(t, "run", "-c", "true", file)
	want := result{Out: "script boot host host\nline\n/.target/bin/ifconfig\n"}
	compare(t, "run", got, want)
}

// A run's status tells of failures, but what is declared harmless is none.
func TestStatus(t *testing.T) {
	needNamespaces(t)
	stubs := filepath.Join(t.TempDir(), "stubs")
	if err := os.WriteFile(stubs, []byte("devc-*  /dev/ser1 /dev/dir/ /dev/hd0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for lines, want := range map[string]result{
		"true":              {},
		"false":             {Status: 1},
		"sleep 1000 &":      {}, // ended with the run
		"waitfor /none 0":   {Out: "Unable to access \"/none\" (2)\n", Status: 1},
		"reopen /none 0":    {Out: "Unable to access \"/none\" (2)\n", Status: 1},
		"none":              {Out: "Unable to start \"none\" (2)\n", Status: 1},
		"/etc/passwd":       {Out: "Unable to start \"/etc/passwd\" (13)\n", Status: 1},
		"slay -Q none":      {},
		"sh -c \"slay sh\"": {Status: 1}, // itself
		"devc-ser8250 -e &": {},
		"devc-x\nwaitfor /dev/dir/ 0\nwaitfor /dev/hd0 0\nreopen /dev/ser1 0\ndisplay_msg x": {Out: "x\n"},
		"devc-x\nsh -c \"echo x >/dev/ser1\"\nreopen /dev/null\ndisplay_msg y\necho z":       {Out: "x\n"},
	} {
		t.Run(lines, func(t *testing.T) {
			compare(t, lines, runBuildfile(t, "run", "-s", stubs, "-c", "true", script(t, lines)), want)
		})
	}
}

// A simulated bus is where the real one would be, and so are the entries of the
// controllers' drivers.
func TestSimulatedControllers(t *testing.T) {
	needNamespaces(t)
	for line, want := range map[string][]string{
		"io-usb -d hcd-xhci": {"/dev/io-usb/devu-hcd-xhci.so", "/dev/io-usb/io-usb"},
		"io-usb-otg -d hcd-xhci -dehci": {"/dev/io-usb/devu-ehci.so", "/dev/io-usb/devu-hcd-ehci.so", "/dev/io-usb/devu-hcd-xhci.so", "/dev/io-usb/io-usb",
			"/dev/usb/devu-ehci.so", "/dev/usb/devu-hcd-ehci.so", "/dev/usb/devu-hcd-xhci.so", "/dev/usb/io-usb-otg"},
		"io-usb-otg -n /dev/x/bus -d ehci":                                 {"/dev/x/bus", "/dev/x/devu-ehci.so", "/dev/x/devu-hcd-ehci.so"},
		"on -X aps=USB io-usb -d ehci &\nwaitfor /dev/io-usb/devu-ehci.so": {"/dev/io-usb/devu-ehci.so", "/dev/io-usb/io-usb"},
		"sh -c \"io-usb -d ehci ioport=0x1,irq=2\"":                        {"/dev/io-usb/devu-ehci.so", "/dev/io-usb/io-usb"},
		"io-usb": {"/dev/io-usb/io-usb"},
	} {
		t.Run(line, func(t *testing.T) {
			list := "ls -d /dev/io-usb/* /dev/usb/* /dev/x/* 2>/dev/null | grep -v ctl$"
			got := runBuildfile(t, "run", "-u", "net=none", "-c", list, script(t, line))
			compare(t, line, got, result{Out: strings.Join(want, "\n") + "\n"})
		})
	}
}

// What the image's scripts call is ours, also where they set PATH or say /usr/sbin; but
// those of ours that call the machine's still find it.
func TestScriptsOfTheImage(t *testing.T) {
	needNamespaces(t)
	const rc = `/etc/rc.sh = {
export PATH=/proc/boot:/bin:/usr/bin:/sbin:/usr/sbin
command -v sloginfo
readlink -f /sbin/if_up /usr/bin/ifconfig $(command -v ifconfig)
/proc/boot/waitfor /etc/passwd && /usr/sbin/waitfor /etc/passwd && echo waited
mount | grep -c "^proc on /proc "
}`
	file := script(t, "A=/etc/profile sh /etc/rc.sh", rc, "/etc/profile = { x }")
	got := runBuildfile(t, "run", "-c", "cat /etc/profile", file)
	want := result{Out: "/.boot/sloginfo\n" +
		"/.target/bin/if_up\n/.target/bin/ifconfig\n/.target/bin/ifconfig\nwaited\n1\n x "}
	compare(t, "run", got, want)
}

// A modem's terminal is there, too.
func TestModem(t *testing.T) {
	needNamespaces(t)
	dial := `exec 3<>/dev/serecm0; printf 'ATE0\r' >&3; timeout 60 sed /OK/q <&3 | tr -d '\r' | grep OK`
	file := script(t, "io-usb -d ehci\nio-pkt-v4-hc -d ecm\nwaitfor /dev/serecm0 60")
	compare(t, "run", runBuildfile(t, "run", "-u", "modem=1", "-c", dial, file), result{Out: "OK\n"})
}

// A script may be in a file of its own, beside the buildfile.
func TestScriptFile(t *testing.T) {
	needNamespaces(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "x.build")
	if err := errors.Join(
		os.WriteFile(file, []byte("[+script] .script=start.txt\n[+script] b = { display_msg $A }"), 0o600),
		os.WriteFile(filepath.Join(dir, "start.txt"), []byte("A=1 # a comment\ndisplay_msg first"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	compare(t, "run", runBuildfile(t, "run", "-c", "true", file), result{Out: "first\n1\n"})
}

// The timeline has a row for each line, and a picture that is XML.
func TestTimeline(t *testing.T) {
	needNamespaces(t)
	dir := t.TempDir()
	text, picture := filepath.Join(dir, "t"), filepath.Join(dir, "t.svg")
	file := script(t, "display_msg \"<&>\"\nfalse\nsleep 1000 &\nA=1\nwaitfor /dev/null")
	runBuildfile(t, "run", "-t", text, "-t", picture, "-c", "true", file)
	got, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	times := regexp.MustCompile(`(?m)^ +\d+\.\d{3} +(\d+\.\d{3})?`)
	compare(t, "timeline", times.ReplaceAllString(string(got), "T "), `    start      took kind        line  command
T  internal       2  display_msg "<&>"
T  program        3  false  # status 1
T - background     4  sleep 1000 &
T  wait           6  waitfor /dev/null
T  program        0  -c true
T in all
`)
	svg, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(svg, new(struct{})); err != nil || bytes.Count(svg, []byte("<title>")) != 5 {
		t.Errorf("%v\n%s", err, svg)
	}
}
