// Package script runs the real commands as a user types them. Each file in
// testdata is a session: commands, and what they must print and return.
//
//	TestScript, as started by go test
//	    |  unshare: new network, mount and PID namespaces
//	    sh, process 1 of the new namespace
//	        |
//	        TestInside, the same test binary: a private /dev, then one script
//	            |-- io-usb -d sim      simulated modems, /dev/io-usb/io-usb
//	            |-- io-pkt-v4-hc ...   driver and stack, /dev/socket; a TAP interface
//	            '-- ifconfig, if_up, sloginfo, ping ...
//
// So every script has the paths of the manual, /dev/socket and the like, and an
// ecm0 of its own, and whatever it leaves behind dies with its process 1. After
// each script all servers are ended, and then nothing may be left of them.
//
// It takes root, or user namespaces; and /dev/net/tun.
package script

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// Variables that TestScript hands to TestInside.
const (
	insideVariable = "IO_PKT_SCRIPT_INSIDE"
	binVariable    = "IO_PKT_SCRIPT_BIN"
)

// links are the other names of commands.
var links = map[string]string{
	"io-pkt-v4": "io-pkt", "io-pkt-v4-hc": "io-pkt", "io-pkt-v6-hc": "io-pkt", "slog2info": "sloginfo",
	"slogger2": "slogger", "dhclient": "dhcp.client", "io-usb-otg": "io-usb", "devc-pty": "random", "pipe": "random",
}

func TestMain(m *testing.M) {
	if os.Getenv(insideVariable) != "" {
		os.Exit(m.Run())
	}
	os.Exit(outside(m))
}

func outside(m *testing.M) int {
	bin, err := os.MkdirTemp("", "io-pkt-bin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(bin) }()
	if err := build(bin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv(binVariable, bin)
	return m.Run()
}

// build builds all commands, with the race detector if this test has it.
func build(bin string) error {
	args := []string{"build", "-o", bin + "/"}
	if raceEnabled() {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "io-pkt/cmd/...")...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build the commands: %w", err)
	}
	for name, of := range links {
		if err := os.Symlink(of, filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	return nil
}

func raceEnabled() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

func TestScript(t *testing.T) {
	if os.Getenv(insideVariable) != "" {
		return
	}
	unshare := namespaces(t)
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), ".txtar")
		t.Run(name, func(t *testing.T) {
			// sh stays as process 1, and reaps orphans.
			cmd := exec.Command("unshare", slices.Concat(unshare, []string{"sh", "-c", `"$0" "$@"; exit $?`,
				exe, "-test.run=^TestInside$/^" + name + "$", "-test.v", "-test.timeout=10m"})...)
			cmd.Env = append(os.Environ(), insideVariable+"=1")
			out, err := cmd.CombinedOutput()
			switch {
			case err != nil:
				t.Errorf("%v\n%s", err, out)
			case !strings.Contains(string(out), "--- PASS: TestInside/"+name):
				t.Errorf("the script did not run:\n%s", out)
			}
		})
	}
}

// namespaces gives the arguments of unshare(1) for namespaces of our own, and
// skips the test where there can be none.
func namespaces(t *testing.T) []string {
	t.Helper()
	cannot := t.Skipf
	if os.Getenv("CI") == "true" {
		cannot = t.Fatalf
	}
	tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		cannot("no TAP interfaces here: %v", err)
	} else {
		_ = tun.Close()
	}
	args := []string{"--net", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "--kill-child"}
	if os.Geteuid() != 0 {
		args = append([]string{"--user", "--map-root-user"}, args...)
	}
	if out, err := exec.Command("unshare", append(args, "true")...).CombinedOutput(); err != nil {
		cannot("no namespaces of our own here (be root, or allow user namespaces): %v %s", err, out)
	}
	return args
}
