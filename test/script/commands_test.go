package script

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Limits of a script's patience.
const (
	commandTime = 2 * time.Minute
	retryTime   = 30 * time.Second
	retryPause  = 50 * time.Millisecond
)

type command = func(ts *testscript.TestScript, neg bool, args []string)

// programs are the commands that a script names without exec in front. Unlike
// exec, they may leave servers behind that keep their standard output open.
var programs = []string{
	"cat", "ip", "kill", "ping", "sh",
	"ifconfig", "if_up", "mount", "nicinfo", "sloginfo", "slog2info",
	"io-pkt", "io-pkt-v4", "io-pkt-v4-hc", "io-pkt-v6-hc", "io-usb", "slogger", "slogger2",
}

// servers are those of them that go to the background.
var servers = map[string]bool{
	"io-pkt": true, "io-pkt-v4": true, "io-pkt-v4-hc": true, "io-pkt-v6-hc": true, "io-usb": true, "slogger": true, "slogger2": true,
}

// commands are what a script can say beside testscript's own words.
var commands = func() map[string]command {
	m := map[string]command{
		"status":   cmdStatus,
		"retry":    cmdRetry,
		"waitfor":  cmdWaitfor,
		"slay":     cmdSlay,
		"console":  cmdConsole,
		"transfer": cmdTransfer,
		"garbage":  cmdGarbage,
		"session":  cmdSession,
		"fds":      cmdFDs,
	}
	for _, p := range programs {
		m[p] = func(ts *testscript.TestScript, neg bool, args []string) { cmdRun(ts, neg, p, args) }
	}
	return m
}()

// cmdRun runs a program. "!" in front wants a failure, which status tells more
// of. With "&" at the end it is not waited for.
func cmdRun(ts *testscript.TestScript, neg bool, name string, args []string) {
	status, out, errs := run(ts, name, args)
	_, _ = ts.Stdout().Write(out)
	_, _ = ts.Stderr().Write(errs)
	switch {
	case strings.Contains(string(errs), "\ngoroutine "):
		ts.Fatalf("it panicked")
	case status != 0 && !neg:
		ts.Fatalf("exit status %d", status)
	case status == 0 && neg:
		ts.Fatalf("unexpected success")
	}
}

// run runs a program and gives its exit status and output. The output goes
// through files: a pipe would not end before the servers that have it open.
func run(ts *testscript.TestScript, name string, args []string) (status int, stdout, stderr []byte) {
	background := len(args) > 0 && args[len(args)-1] == "&"
	if background {
		args = args[:len(args)-1]
	}
	work := ts.Getenv("WORK")
	out, err := os.CreateTemp(work, consoleFile(name)+".out")
	ts.Check(err)
	defer out.Close()
	errs, err := os.CreateTemp(work, consoleFile(name)+".err")
	ts.Check(err)
	defer errs.Close()

	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	cmd := exec.CommandContext(ctx, lookPath(ts, name), args...)
	cmd.Args[0] = name
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = os.Environ()
	for _, v := range []string{"PATH", "SOCK", "TZ", "GORACE", "WORK"} {
		cmd.Env = append(cmd.Env, v+"="+ts.Getenv(v))
	}
	cmd.Stdout, cmd.Stderr = out, errs
	ts.Check(cmd.Start())
	if background {
		ended := make(chan struct{})
		go func() { defer close(ended); _ = cmd.Wait() }()
		ts.Defer(func() { cancel(); <-ended })
		return 0, nil, nil
	}
	defer cancel()
	if err := cmd.Wait(); err != nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() < 0 {
			ts.Fatalf("%s: %v", name, err)
		}
	}
	ts.Setenv("STATUS", strconv.Itoa(cmd.ProcessState.ExitCode()))
	return cmd.ProcessState.ExitCode(), read(out), read(errs)
}

// lookPath finds a program in the script's PATH.
func lookPath(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return path
		}
	}
	ts.Fatalf("%s: not in PATH", name)
	return ""
}

func read(f *os.File) []byte {
	b, _ := os.ReadFile(f.Name())
	return b
}

// cmdStatus checks the exit status of the last program: status 1
func cmdStatus(ts *testscript.TestScript, _ bool, args []string) {
	if got := ts.Getenv("STATUS"); len(args) != 1 || got != args[0] {
		ts.Fatalf("status %s, want %v", got, args)
	}
}

// cmdRetry runs a program again and again until it succeeds, or, with "!", until
// it fails: retry ifconfig ecm0
func cmdRetry(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: retry program [args...]")
	}
	for end := time.Now().Add(retryTime); ; time.Sleep(retryPause) {
		status, out, errs := run(ts, args[0], args[1:])
		if (status != 0) == neg {
			_, _ = ts.Stdout().Write(out)
			_, _ = ts.Stderr().Write(errs)
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("still status %d\n%s%s", status, out, errs)
		}
	}
}

// cmdWaitfor waits until a path is there, or, with "!", until it is not.
func cmdWaitfor(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: waitfor path")
	}
	for end := time.Now().Add(retryTime); ; time.Sleep(retryPause) {
		_, err := os.Lstat(ts.MkAbs(args[0]))
		if errors.Is(err, fs.ErrNotExist) == neg {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s: %v", args[0], err)
		}
	}
}

// cmdConsole shows what a server has written so far, on whatever output:
// console io-pkt-v4-hc
func cmdConsole(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 || !servers[args[0]] {
		ts.Fatalf("usage: console server")
	}
	_, _ = fmt.Fprint(ts.Stdout(), console(ts.Getenv("WORK"), args[0]))
}

func consoleFile(name string) string { return "console-" + name + "-" }

// console gives what all servers of a name have written, in no special order.
func console(work, name string) string {
	files, _ := filepath.Glob(filepath.Join(work, consoleFile(name)+".*"))
	var all strings.Builder
	for _, f := range files {
		b, _ := os.ReadFile(f)
		all.Write(b)
	}
	return all.String()
}
