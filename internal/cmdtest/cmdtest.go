// Package cmdtest is for the tests of a command: it makes the test's own binary the
// command, so that it runs as a process of its own, with the race detector.
//
//	func TestMain(m *testing.M) { cmdtest.BeCommand(main); os.Exit(m.Run()) }
package cmdtest

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// beCommand in the environment makes the binary the command.
const beCommand = "IO_PKT_TEST_COMMAND"

// BeCommand runs main, which must end the process, where Command has started it.
func BeCommand(main func()) {
	if os.Getenv(beCommand) != "" {
		main()
	}
}

// Command gives the command with arguments, to be run. The test's end kills it.
func Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	// The race detector waits a second at each end, for what others may still do.
	cmd.Env = append(os.Environ(), beCommand+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// Run runs it, and gives what it said and its exit status.
func Run(t testing.TB, cmd *exec.Cmd) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
