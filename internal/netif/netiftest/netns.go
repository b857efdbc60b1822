// Package netiftest gives tests a network namespace of their own, and a host at
// the far end of an interface. It starts no goroutines.
package netiftest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// inside is set in the environment of a test binary that Main has started.
const inside = "NETIFTEST_NAMESPACE"

// Main is for TestMain: it runs the tests in a copy of the test binary that has a
// new network namespace, and gives the exit status. Goroutines that are left fail
// the run. Where it cannot make a namespace the tests run all the same, and those
// that call Need are skipped.
func Main(m *testing.M) int {
	if os.Getenv(inside) != "" || unable() != nil {
		code := m.Run()
		if err := goleak.Find(); code == 0 && err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		return code
	}
	cmd := namespaced(os.Args[1:])
	cmd.Env = append(os.Environ(), inside+"=1")
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		return 1
	}
	return 0
}

func namespaced(args []string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// unable says why there can be no namespace, or no TAP in it.
func unable() error {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces and TAPs need root")
	}
	f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_ = f.Close()
	cmd := namespaced([]string{"-test.run=^$"})
	cmd.Stdout, cmd.Stderr = nil, nil
	cmd.Env = append(os.Environ(), inside+"=1")
	return cmd.Run()
}

// Need skips a test that Main could not get a namespace for; with CI=true it
// fails.
func Need(t testing.TB) {
	t.Helper()
	if os.Getenv(inside) != "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no network namespace: ", unable())
	}
	t.Skip("no network namespace: ", unable())
}
