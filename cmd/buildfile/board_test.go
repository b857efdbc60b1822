package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what buildfile shows to testdata")

// simulator is a device that is like Linux's gadget in test/vm, which must show
// the same.
const simulator = "addr=10.9.0.2/24,mac=020000000001"

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, name, got, string(want))
}

// boards are the complete buildfiles.
func boards(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.build")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d buildfiles, %v", len(files), err)
	}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".build"))
	}
	return names
}

// The console of each board is as the target's would be.
func TestBoards(t *testing.T) {
	needNamespaces(t)
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("no TAP interfaces here: %v", err)
	}
	for _, name := range boards(t) {
		t.Run(name, func(t *testing.T) {
			bus := simulator
			if name == "forms" {
				bus += ",count=3"
			}
			args := []string{"run", "-u", bus, "-w", "300", "-c", "exit 3"}
			stubs := filepath.Join("testdata", name+".stubs")
			if _, err := os.Stat(stubs); err == nil {
				args = append(args, "-s", stubs)
			}
			got := runBuildfile(t, append(args, filepath.Join("testdata", name+".build"))...)
			golden(t, name+".console", got.Out)
			if got.Err != "" || got.Status != 3 {
				t.Errorf("status %d, %s", got.Status, got.Err)
			}
		})
	}
}

// unprivileged gives what makes a command that of somebody who is not root, and can
// make namespaces; nothing, if it is so already. It skips the test where there is
// nobody like that.
func unprivileged(t *testing.T) (setpriv []string) {
	t.Helper()
	if os.Geteuid() != 0 {
		needNamespaces(t)
		return nil
	}
	setpriv = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	out, err := exec.Command(setpriv[0], append(setpriv[1:], "unshare", "--user", "--map-root-user", "--net", "true")...).CombinedOutput()
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("no user namespaces: %v %s", err, out)
	} else if err != nil {
		t.Skipf("no user namespaces: %v %s", err, out)
	}
	return setpriv
}

// Somebody who is not root runs a board in a network that is his own.
func TestUnprivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		return // TestBoards was run by such a somebody
	}
	setpriv := unprivileged(t)
	board, err := os.ReadFile("testdata/beaglebone.build")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(bin, "beaglebone.build") // where everybody can read it
	if err := os.WriteFile(file, board, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), setpriv[0], append(setpriv[1:], filepath.Join(bin, "buildfile"),
		"run", "-u", simulator, "-w", "300", "-c", "exit 3", file)...)
	cmd.Env = append(os.Environ(), "TMPDIR=/tmp", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
	console, err := cmd.Output()
	golden(t, "beaglebone.console", string(console))
	if cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("%v", err)
	}
}

// what is where differs between machines.
var where = regexp.MustCompile(`  # /.*`)

// Check tells of each line of each board what becomes of it.
func TestCheckBoards(t *testing.T) {
	for _, name := range boards(t) {
		t.Run(name, func(t *testing.T) {
			got := runBuildfile(t, "check", filepath.Join("testdata", name+".build"))
			golden(t, name+".check", where.ReplaceAllString(got.Out, ""))
			if want := strings.Contains(got.Out, ": no counterpart"); (got.Status == 1) != want || got.Err != "" {
				t.Errorf("status %d, %s", got.Status, got.Err)
			}
		})
	}
}
