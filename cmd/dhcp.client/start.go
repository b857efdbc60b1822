package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// grace is how long a client may take to end.
const grace = 5 * time.Second

// background starts a client that goes to the background at once.
func background(path string, line []string) error {
	cmd := &exec.Cmd{Path: path, Args: line, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// await runs a client that goes to the background when the interface is configured,
// until it does. A signal to this process ends it, and is context.Canceled if it
// says nothing worse; the error of one that has given up is *exec.ExitError.
func await(path string, line []string) error {
	// What a shell has made this process ignore stays so.
	ends := slices.DeleteFunc([]os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM}, signal.Ignored)
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	cmd := exec.CommandContext(ctx, path)
	cmd.Args, cmd.Stdin, cmd.Stdout, cmd.Stderr = line, os.Stdin, os.Stdout, os.Stderr
	// A group of its own: dhclient has a child that does the asking, and goes on
	// without its parent.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	return cmd.Run()
}

// noServer reports whether a client's error is that no server has answered, so far
// as the client tells that from others: dhclient does.
func noServer(client string, err error) bool {
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		const nothing = 2 // dhclient(8), -1
		return client != "dhclient" || ended.ExitCode() == nothing || !ended.Exited()
	}
	return errors.Is(err, context.Canceled)
}
