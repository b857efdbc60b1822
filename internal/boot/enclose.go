package boot

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// insideName is the argv[0] of the process within.
const insideName = "buildfile-run"

// Inside reports whether this process was started by Enclose. args is os.Args.
func Inside(args []string) bool { return len(args) > 0 && args[0] == insideName && os.Getpid() == 1 }

// dying is what the process within gets to end its programs.
const dying = 4 * patience

// Enclose runs this program again, with other arguments, as process 1 of namespaces
// of its own. Root keeps the machine's network; others get one of their own, in
// which they may do what they like. It returns the exit status.
func Enclose(args []string) (status int, err error) {
	// The parent's death is that of the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer signal.Stop(signals)

	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{insideName}, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = namespaces()
	if terminal(os.Stdin) {
		group, err := unix.IoctlGetInt(0, unix.TIOCGPGRP)
		if err == nil && group == unix.Getpgrp() {
			cmd.SysProcAttr.Foreground, cmd.SysProcAttr.Ctty = true, 0
			defer takeTerminal(group)
		}
	}
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("make namespaces (be root, or allow user namespaces): %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // ends with the process
	var late <-chan time.Time
	for {
		select {
		case err := <-ended:
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				return 1, err
			}
			s := cmd.ProcessState.Sys().(syscall.WaitStatus)
			return (&process{status: s}).exitStatus(), nil
		case s := <-signals:
			_ = cmd.Process.Signal(s)
			if late == nil {
				late = time.After(dying)
			}
		case <-late:
			_ = cmd.Process.Kill()
		}
	}
}

func namespaces() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Pdeathsig:  unix.SIGKILL,
	}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= unix.CLONE_NEWUSER | unix.CLONE_NEWNET
		attr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	return attr
}

func terminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// takeTerminal makes a process group the one that the terminal's keys are for.
func takeTerminal(group int) {
	signal.Ignore(unix.SIGTTOU) // that is what one gets for asking from behind
	defer signal.Reset(unix.SIGTTOU)
	_ = unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, group)
}
