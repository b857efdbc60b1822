package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// All threads get a priority, and the session of its leader.
func TestSetSelf(t *testing.T) {
	if os.Getenv("IO_PKT_SET_SELF") == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestSetSelf$", "-test.v")
		cmd.Env = append(os.Environ(), "IO_PKT_SET_SELF=1")
		cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	for _, want := range []Priority{{21, 'o'}, {9, 'o'}} {
		err := Priority{Level: want.Level}.SetSelf()
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			t.Log("not allowed here:", err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		me, err := Read(Proc, os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		for _, thread := range me.Threads {
			if thread.Priority() != want {
				t.Errorf("thread %d: %v, want %v", thread.TID, thread.Priority(), want)
			}
		}
		group, err := os.ReadFile("/proc/self/autogroup")
		if nice := fmt.Sprintf(" nice %d\n", want.nice()); err == nil && !bytes.HasSuffix(group, []byte(nice)) {
			t.Errorf("session: %q, want %q", group, nice)
		}
	}
}
