package boot

import (
	"encoding/xml"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"io-pkt/internal/buildfile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFind(t *testing.T) {
	there := map[string]error{
		"/our/ifconfig": nil, "/sbin/ifconfig": nil, "/bin/sh": nil, "/script/tool": nil, "/bin/tool": nil,
		"/etc/passwd": syscall.EACCES, "/usr/bin/passwd": nil, "/secret/x": syscall.EACCES,
	}
	f := Finder{Bin: "/our", Path: []string{"/usr/bin", "/secret", "/bin", "/sbin"}, Exists: func(path string) error {
		if err, ok := there[path]; ok {
			return err
		}
		return fs.ErrNotExist
	}}
	for _, c := range []struct {
		name, path, want string
		err              error
	}{
		{"ifconfig", "/sbin:/bin", "/our/ifconfig", nil},
		{"/sbin/ifconfig", "", "/our/ifconfig", nil},
		{"/proc/boot/sh", "", "/bin/sh", nil},
		{"tool", "/script", "/script/tool", nil},
		{"tool", "", "/bin/tool", nil},
		{"./tool", "/script", "/bin/tool", nil},
		{"/etc/passwd", "", "", syscall.EACCES},
		{"passwd", "/etc", "/usr/bin/passwd", nil},
		{"passwd", "/secret:relative", "/usr/bin/passwd", nil},
		{"x", "", "", syscall.ENOENT},
		{"x", "/secret", "", syscall.EACCES},
		{"", "", "", syscall.ENOENT},
	} {
		if got, err := f.Find(c.name, c.path); got != c.want || err != c.err {
			t.Errorf("%s in %s: %s, %v, want %s, %v", c.name, c.path, got, err, c.want, c.err)
		}
	}
}

func TestParseStubs(t *testing.T) {
	got, err := ParseStubs("s", "# all\n\ndevc-ser*\t/dev/ser1 /dev/ser2 # two\nqconn\n")
	want := Stubs{{"devc-ser*", []string{"/dev/ser1", "/dev/ser2"}}, {"qconn", []string{}}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
	for command, want := range map[string]bool{"/sbin/devc-ser8250": true, "qconn": true, "qconn2": false, "devc-pty": false} {
		if _, ok := got.Find(command); ok != want {
			t.Errorf("%s: %v", command, ok)
		}
	}
	for text, want := range map[string]string{
		"a\n[ /x": "s:2: [ is no command's name",
		"/bin/a":  "s:1: /bin/a is no command's name",
		"a b":     "s:1: b is no path from the root",
	} {
		if _, err := ParseStubs("s", text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzStubs: what a list declares is found, and its paths begin at the root.
func FuzzStubs(f *testing.F) {
	f.Add("devb-* /dev/hd0 # x\n\nqconn\n")
	f.Add("[a-z]? /\\\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseStubs("s", text)
		if err != nil {
			return
		}
		for _, s := range list {
			for _, p := range s.Paths {
				if !strings.HasPrefix(p, "/") {
					t.Errorf("%q", p)
				}
			}
			if strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyz-") != "" {
				continue
			}
			if _, ok := list.Find("/sbin/" + s.Name); !ok {
				t.Errorf("%s is not found", s.Name)
			}
		}
	})
}

// parse gives a buildfile and its program.
func parse(t *testing.T, text string) (*buildfile.File, []buildfile.Command) {
	t.Helper()
	f, err := buildfile.Parse("x", text)
	if err != nil {
		t.Fatal(err)
	}
	program, err := f.Program(buildfile.Source{})
	if err != nil {
		t.Fatal(err)
	}
	return f, program
}

func none(string) (string, bool) { return "", false }

// The files that a script needs are those that it names, and those that these name.
func TestImageFiles(t *testing.T) {
	f, program := parse(t, `[+script] s = { ENV=/etc/profile
sh /etc/rc.sh; first.sh }
[perms=0644] /etc/rc.sh = { . functions.sh; cat </etc/../etc/conf }
first.sh = { }
functions.sh = { cat "$1" }
/etc/conf = { rc.sh }
/etc/profile = { }
sh = { no }
not = { rc.sh first.sh }
/etc/host = host
`)
	var got []string
	for _, i := range ImageFiles(f, program, none) {
		got = append(got, i.Mode.String()+" "+i.Path)
	}
	want := []string{"-rwxr-xr-x /etc/profile", "-rw-r--r-- /etc/rc.sh", "-rwxr-xr-x /proc/boot/first.sh", "-rwxr-xr-x /proc/boot/sh",
		"-rwxr-xr-x /proc/boot/functions.sh", "-rwxr-xr-x /etc/conf"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// An attribute alone on its line holds for the files that follow, until another one
// does.
func TestStandingPermissions(t *testing.T) {
	f, program := parse(t, `[+script] s = { a b c d e f g h }
a = { }
[perms=0644]
b = { }
[+script] t = { true }
[perms=0600] c = { }
[?perms=0600] d = { }
host
[perms=*] e = { }
f = { }
[perms=4700 uid=0]
g = { }
[perms=*]
[?perms=0640] h = { }
`)
	var got []string
	for _, i := range ImageFiles(f, program, none) {
		got = append(got, fmt.Sprintf("%s %o", i.Path, i.Mode))
	}
	want := []string{"/proc/boot/a 755", "/proc/boot/b 644", "/proc/boot/c 600", "/proc/boot/d 644",
		"/proc/boot/e 755", "/proc/boot/f 644", "/proc/boot/g 700", "/proc/boot/h 640"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestInterpreter(t *testing.T) {
	for text, want := range map[string]string{
		"#!/bin/ksh\nx":                   "#!/bin/sh\nx",
		"#! /proc/boot/esh -e\nx\n":       "#!/bin/sh -e\nx\n",
		"#!/usr/bin/python3\n":            "#!/usr/bin/python3\n",
		"echo #!/bin/ksh":                 "echo #!/bin/ksh",
		"#!":                              "#!",
		"#!/proc/boot/sh\n/proc/boot/y\n": "#!/bin/sh\n/.boot/y\n",
	} {
		if got := onTarget(interpreter(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"/io-pkt", "/on"} {
		if err := os.WriteFile(bin+name, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f, program := parse(t, `[virtual=x] b = { PATH=/proc/boot procnto }
[+script] s = {
/sbin/io-pkt -d ecm &
display_msg x
sched_aps a 1 2
A=1
/bin/sh rc.sh
rc.sh
./etc/x.sh
//proc/boot/rc.sh
PATH=/none rc.sh
conf
devc-ser1
no-such-program-of-any-kind
no-such-directory/uesh
[+external] no-such-program-of-any-kind
}
rc.sh = { cat conf }
/etc/x.sh = { }
[perms=444] conf = {}`)
	var got []string
	for _, c := range Check(program, bin, Stubs{{Name: "devc-*"}}, ImageFiles(f, program, none)) {
		got = append(got, c.Verdict.String()+": "+c.Command.Text+" # "+c.Why)
	}
	missing := "no-such-program-of-any-kind: no such file or directory"
	want := []string{
		"will run: /sbin/io-pkt -d ecm & # ours", "emulated: display_msg x # ", "emulated: sched_aps a 1 2 # without effect",
		"will run: A=1 # for the lines that follow", "will run: /bin/sh rc.sh # /bin/sh", "will run: rc.sh # of the image",
		"will run: ./etc/x.sh # of the image", "will run: //proc/boot/rc.sh # of the image",
		"no counterpart: PATH=/none rc.sh # rc.sh: no such file or directory", "no counterpart: conf # conf: no such file or directory",
		"emulated: devc-ser1 # declared harmless: devc-*", "no counterpart: no-such-program-of-any-kind # " + missing,
		"emulated: no-such-directory/uesh # by sh", "no counterpart: [+external] no-such-program-of-any-kind # " + missing,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// Any timeline makes a picture that is XML and stays within its frame.
func TestSVG(t *testing.T) {
	for _, timeline := range []Timeline{
		{},
		{Total: time.Nanosecond, Events: []Event{{Text: "a", End: time.Nanosecond}}},
		{Total: 49 * time.Hour, Events: []Event{
			{Text: strings.Repeat("ü", 100) + "\x00\xff<&>\"'", Kind: KindBackground, Start: time.Hour, End: 49 * time.Hour, Left: true},
			{Text: "b", Kind: KindWait, Failure: "<x>", Start: 49 * time.Hour, End: 49 * time.Hour},
		}},
	} {
		svg := timeline.SVG()
		if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil || strings.Count(svg, "<title>") != len(timeline.Events) {
			t.Errorf("%v\n%s", err, svg)
		}
		if n := strings.Count(svg, `class="grid"`); n < 2 || n > 12 {
			t.Errorf("%d grid lines for %v", n, timeline.Total)
		}
	}
}

// Ended processes are collected, whatever their order.
func TestProcesses(t *testing.T) {
	p := newProcesses()
	defer p.close()
	attr := &syscall.ProcAttr{Files: []uintptr{0, 1, 2}}
	var started []*process
	for _, line := range []string{"exit 3", "sleep 0.1", "kill -9 $$", "(sleep 0.2 &)"} {
		s, err := p.start("/bin/sh", []string{"sh", "-c", line}, attr)
		if err != nil {
			t.Fatal(err)
		}
		started = append(started, s)
	}
	for i, want := range []int{3, 0, 137, 0} {
		<-started[i].done
		if got := started[i].exitStatus(); got != want || started[i].ended.IsZero() {
			t.Errorf("process %d: status %d, want %d", i, got, want)
		}
	}
	if !p.wait(nil) || !p.none() {
		t.Error("some are left")
	}
	if _, err := p.start("/none", []string{"none"}, attr); err != syscall.ENOENT {
		t.Errorf("/none: %v", err)
	}
	p.end() // must not end this test, nor anything else here
}
