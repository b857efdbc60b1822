package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"io-pkt/internal/qnx"
)

// schedule sets priority and processors, of the caller's process when there is no
// command. What does not go, goes without: the errors are for the user.
func (o options) schedule() (errs []error) {
	tid := 0 // this thread, which becomes the command
	if len(o.command) == 0 {
		tid = os.Getppid()
	}
	if o.runmask != 0 {
		if err := o.runmask.Set(tid); err != nil {
			errs = append(errs, err)
		}
	}
	if o.priority != nil {
		if err := o.priority.Set(tid); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// start becomes the command, and comes back only with an error. With a session of
// its own, or detached, the command is another process: start gives its status.
func (o options) start() (status int, err error) {
	// As root still: its PATH is the caller's, whoever the command runs as.
	path, err := exec.LookPath(o.command[0])
	if errors.Is(err, exec.ErrDot) { // PATH says so; and -l leaves this directory
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return 1, fmt.Errorf("%s: %w", o.command[0], reason(err))
	}
	for _, l := range o.limits {
		// Not unix.Setrlimit: the syscall package would undo that one's nofile at exec.
		value := syscall.Rlimit{Cur: l.value.Cur, Max: l.value.Max}
		if err := syscall.Setrlimit(l.resource, &value); err != nil {
			return 1, fmt.Errorf("limit: %w", reason(err))
		}
	}
	attr := &os.ProcAttr{Env: o.environment(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}}
	if o.tty != "" {
		tty, err := os.OpenFile(o.tty, os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			return 1, err
		}
		defer tty.Close()
		attr.Files = []*os.File{tty, tty, tty}
	}
	if o.user != nil {
		if err := o.user.Become(); err != nil {
			return 1, err
		}
	}
	if o.login != nil {
		unix.Umask(0o022)
		if err := os.Chdir(o.login.HomeDir); err != nil {
			return 1, err
		}
	}
	if o.detach || o.session || o.tty != "" {
		return o.spawn(path, attr)
	}
	if o.hold {
		if err := unix.Kill(os.Getpid(), unix.SIGSTOP); err != nil {
			return 1, err
		}
	}
	return 1, fmt.Errorf("%s: %w", o.command[0], reason(syscall.Exec(path, o.command, attr.Env)))
}

// spawn runs the command in a session of its own. Unless it is detached it ends with
// on, which on QNX it would be itself.
func (o options) spawn(path string, attr *os.ProcAttr) (status int, err error) {
	attr.Sys = &syscall.SysProcAttr{Setsid: true, Setctty: o.tty != ""}
	if !o.detach {
		attr.Sys.Pdeathsig = syscall.SIGTERM
	}
	args := o.command
	if o.hold { // whoever becomes the command must hold itself
		path, args = "/proc/self/exe", append([]string{"on", "-h", "--"}, o.command...)
	}
	child, err := os.StartProcess(path, args, attr)
	if err != nil {
		return 1, fmt.Errorf("%s: %w", o.command[0], reason(err))
	}
	if o.detach {
		return 0, child.Release()
	}
	state, err := child.Wait()
	if err != nil {
		return 1, err
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil // as the shell says it
	}
	return state.ExitCode(), nil
}

// reason gives QNX's word for why a program cannot be run.
func reason(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		err = syscall.ENOENT
	}
	return errors.New(qnx.ErrnoText(qnx.Errno(err)))
}
