package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"io-pkt/internal/ctl"
	"io-pkt/internal/ctl/ctltest"
)

// The test binary is the command when it is called by that name, so that it can
// hand over to another one.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == name {
		main()
	}
	goleak.VerifyTestMain(m)
}

type result struct {
	Stdout, Stderr string
	Status         int
}

// mount runs the command in the process.
func mount(args ...string) result {
	var out, err bytes.Buffer
	status := run(append([]string{name}, args...), &out, &err)
	return result{out.String(), err.String(), status}
}

func TestMount(t *testing.T) {
	s := ctltest.New(t)
	s.Serve(t)
	t.Setenv("SOCK", s.Prefix)
	for _, c := range []struct {
		line string
		want ctl.Request
		out  string
	}{
		{line: "-T io-pkt devnp-ecm.so", want: ctl.Request{Driver: "devnp-ecm.so"}},
		{line: "-Tio-pkt -opnp,rw -o verbose=0x1 /lib/dll/devnp-ecm.so /dev/io-net/en0",
			want: ctl.Request{Driver: "/lib/dll/devnp-ecm.so", Options: "pnp,verbose=0x1"}},
		{line: "-Tio-pkt1 -o name=en devnp-ecm.so", want: ctl.Request{Driver: "devnp-ecm.so", Options: "name=en", Instance: 1}},
		{line: "-t io-pkt devnp-ecm.so", want: ctl.Request{Driver: "devnp-ecm.so"}},
		{line: "-v -T io-pkt x.so", want: ctl.Request{Driver: "x.so"}, out: "Parsed: mount from [x.so] mount on [/] type [io-pkt] \n"},
		{line: "-vTio-pkt2 x.so /a", want: ctl.Request{Driver: "x.so", Instance: 2}, out: "Parsed: mount from [x.so] mount on [/a] type [io-pkt2] \n"},
	} {
		t.Run(c.line, func(t *testing.T) {
			if got, want := mount(strings.Fields(c.line)...), (result{Stdout: c.out}); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			c.want.Op, c.want.Version = ctl.OpMount, ctl.Version
			if d := cmp.Diff([]ctl.Request{c.want}, s.Requests()); d != "" {
				t.Errorf("requests (-want +got):\n%s", d)
			}
		})
	}
}

// The two lines, with the blanks at their ends.
func TestMountFails(t *testing.T) {
	s := ctltest.New(t)
	stop := s.Serve(t)
	t.Setenv("SOCK", s.Prefix)
	fails := func(kind, point, reason string) result {
		return result{Status: 1, Stderr: fmt.Sprintf("mount: Can't mount %s (type %s) \nmount: Possible reason: %s \n", point, kind, reason)}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line  string
		errno syscall.Errno
		want  result
	}{
		{"-T io-pkt devnp-nosuch.so", syscall.ENXIO, fails("io-pkt", "/", "No such device or address")},
		{"-T io-pkt1 devnp-ecm.so", syscall.ENODEV, fails("io-pkt1", "/", "No such device")},
		{"-T io-pkt devnp-ecm.so /dev/io-net/en0", syscall.EALREADY, fails("io-pkt", "/dev/io-net/en0", "Operation already in progress")},
		{"-T io-pkt devnp-ecm.so", syscall.EPERM, fails("io-pkt", "/", "Permission denied")},
		{"-T io-pkt-v4 devnp-ecm.so", 0, fails("io-pkt-v4", "/", "No such device")},
		{"-t io-pkt " + exe, 0, fails("io-pkt", "/", "Invalid argument")},
		{"-T io-pkt", 0, result{Stderr: "mount: no driver named\n" + usage, Status: 1}},
		{"-T io-pkt -x y", 0, result{Stderr: "mount: unknown option -- x\n" + usage, Status: 1}},
	} {
		t.Run(c.line, func(t *testing.T) {
			s.Fail(ctl.OpMount, c.errno)
			if got := mount(strings.Fields(c.line)...); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	t.Run("no io-pkt", func(t *testing.T) {
		stop()
		want := fails("io-pkt", "/", "No such device")
		want.Stderr += "mount: io-pkt is not running at " + ctl.SocketPath(s.Prefix) + ": no such file or directory\n"
		if got := mount("-T", "io-pkt", "devnp-ecm.so"); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

// Without SOCK a stack is found by its number.
func TestFindsInstance(t *testing.T) {
	s := ctltest.New(t)
	s.Serve(t)
	t.Setenv("SOCK", "")
	dev := t.TempDir()
	withdraw, err := ctl.PublishInstance(dev, 1, s.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	l := line{ours: true, kind: "io-pkt1", driver: "devnp-ecm.so"}
	if err := l.mount(t.Context(), dev); err != nil {
		t.Error(err)
	}
	if r := s.Requests(); len(r) != 1 || r[0].Instance != 1 {
		t.Errorf("requests %+v", r)
	}
	if err := withdraw(); err != nil {
		t.Error(err)
	}
	t.Setenv("SOCK", s.Prefix) // which always counts
	if err := l.mount(t.Context(), dev); err != nil {
		t.Error(err)
	}
}

// What is not for io-pkt is the next mount's in PATH, with its output and status.
func TestHandsOver(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	top := t.TempDir()
	dir := func(name string) string {
		d := filepath.Join(top, name)
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		return d
	}
	ours, copied, empty, system := dir("ours"), dir("copied"), dir("empty"), dir("system")
	for _, err := range []error{
		os.Symlink(exe, filepath.Join(ours, name)),
		exec.Command("cp", exe, filepath.Join(copied, name)).Run(),
		os.WriteFile(filepath.Join(empty, name), nil, 0o600), // not executable
		os.WriteFile(filepath.Join(system, name), []byte("#!/bin/sh\necho system \"$0\" \"$@\"\nexit 32\n"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		path []string
	}{
		{"the next one", []string{ours, system}},
		{"not the first one", []string{system, ours, system}},
		{"two copies of ours", []string{ours, copied, system}},
		{"the other way round", []string{copied, ours, system}},
		{"what cannot be run is none", []string{ours, empty, system}},
		{"ours is not in PATH", []string{empty, system}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(exe, "-t", "ext4", "/dev/sda 1", "/mnt")
			cmd.Args[0] = name
			cmd.Env = []string{"PATH=" + strings.Join(c.path, ":")}
			out, err := cmd.CombinedOutput()
			exit, _ := errors.AsType[*exec.ExitError](err)
			want := "system " + filepath.Join(system, name) + " -t ext4 /dev/sda 1 /mnt\n"
			if exit == nil || exit.ExitCode() != 32 || string(out) != want {
				t.Errorf("%v, %q, want status 32, %q", err, out, want)
			}
		})
	}
	info, err := os.Stat(exe)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := next(nil, info); err != nil || !filepath.IsAbs(got) {
		t.Errorf("without PATH: %q, %v", got, err) // every system has a mount
	}
}

func TestHelp(t *testing.T) {
	if got, want := mount("--help"), (result{Stdout: usage}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
