package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"io-pkt/internal/buildfile"
	"io-pkt/internal/qnx"
)

// consoleFile is the console: that of process 1.
const consoleFile = "/proc/1/fd/1"

// A runner is a run.
type runner struct {
	Options
	processes *processes
	begin     time.Time
	ended     time.Time // what still ran is ended after that
	console   *os.File
	env       map[string]string
	events    []*event
	sessions  sync.WaitGroup // in the background, on the terminal
}

// simulation has io-usb simulate a bus ("Environment" of its manual).
const simulation = "IO_USB_SIM"

// environment is what the first line finds: that of the user, but for PATH, and what has
// io-usb simulate.
func (o Options) environment() map[string]string {
	env := make(map[string]string)
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	delete(env, "PATH")
	if o.Simulate != nil {
		env[simulation] = *o.Simulate
	}
	return env
}

func (r *runner) run(ctx context.Context) Result {
	var result Result
	for _, c := range r.Program {
		if ctx.Err() == nil {
			e := r.line(ctx, c)
			if ctx.Err() == nil || !e.waited() {
				continue
			}
		}
		result.At = &c
		break
	}
	result.Through = result.At == nil
	switch {
	case !result.Through:
	case r.After != "":
		c := buildfile.Command{Text: "-c " + r.After, Args: []string{"sh", "-c", r.After}}
		e := r.line(ctx, c)
		if result.Through = ctx.Err() == nil; !result.Through {
			result.At = &c
		} else if e.process != nil {
			result.Status = e.process.exitStatus()
		}
	case r.Stay:
		r.processes.wait(ctx.Done())
	}
	return result
}

// line runs a line; nil when it started nothing.
func (r *runner) line(ctx context.Context, c buildfile.Command) *event {
	if len(c.Args) == 0 || c.Bootstrap {
		for _, s := range c.Set {
			r.env[s.Name] = onTarget(s.Value)
		}
		return nil
	}
	e := &event{command: c, start: time.Now()}
	r.events = append(r.events, e)
	if c.Internal() {
		e.err = r.internal(ctx, e)
		e.end = time.Now()
		return e
	}
	if stub, ok := r.Stubs.Find(c.Args[0]); ok {
		e.kind, e.err, e.end = KindStub, appear(stub.Paths), time.Now()
		return e
	}
	e.kind = KindProgram
	if c.Background {
		e.kind = KindBackground
	}
	r.program(ctx, e)
	return e
}

// program starts a program and waits until it ends or goes to the background.
func (r *runner) program(ctx context.Context, e *event) {
	started, err := r.start(e.command, slices.Clone(e.command.Args))
	if err != nil {
		r.say("Unable to start \"%s\" (%d)", e.command.Args[0], int(qnx.Errno(err)))
		e.err, e.end = err, time.Now()
		return
	}
	e.process = started
	terminal := r.hasTerminal(e.command)
	switch {
	case e.command.Background && terminal:
		r.sessions.Go(func() { // ends with the session, which does with the run
			<-started.done
			takeTerminal(syscall.Getpgrp())
		})
	case e.command.Background:
	default:
		select {
		case <-started.done:
		case <-ctx.Done():
		}
		if terminal {
			takeTerminal(syscall.Getpgrp())
		}
	}
}

// hasTerminal reports whether a command gets the terminal's keys, as a session.
func (r *runner) hasTerminal(c buildfile.Command) bool {
	return c.Modifiers.Session && r.console == r.Console && terminal(r.Stdin)
}

// start starts a program. A script that does not say what runs it is one for sh.
func (r *runner) start(c buildfile.Command, args []string) (*process, error) {
	env := maps.Clone(r.env)
	for _, s := range c.Set {
		env[s.Name] = onTarget(s.Value)
	}
	f := Finder{Bin: ownBin, Path: append(systemPath(), ownShell), Exists: executable}
	file, err := f.Find(onTarget(args[0]), env["PATH"])
	if err != nil {
		return nil, err
	}
	env["PATH"] = strings.Join(slices.Concat([]string{ownBin}, filepath.SplitList(env["PATH"]), f.Path), ":")
	for i := range args {
		args[i] = onTarget(args[i])
	}
	args[0] = path.Base(args[0])
	if c.Modifiers.Name != "" {
		args[0] = c.Modifiers.Name
	}
	attr := r.attributes(c, env)
	started, err := r.processes.start(file, args, attr)
	if errors.Is(err, syscall.ENOEXEC) {
		args = slices.Concat([]string{"sh", file}, args[1:])
		started, err = r.processes.start("/bin/sh", args, attr)
	}
	return started, err
}

func (r *runner) attributes(c buildfile.Command, env map[string]string) *syscall.ProcAttr {
	attr := &syscall.ProcAttr{Dir: "/", Sys: &syscall.SysProcAttr{}}
	for name, value := range env {
		attr.Env = append(attr.Env, name+"="+value)
	}
	slices.Sort(attr.Env)
	in := r.Stdin.Fd()
	if r.console != r.Console {
		in = r.console.Fd() // it was opened again
	}
	attr.Files = []uintptr{in, r.console.Fd(), r.console.Fd()}
	switch {
	case r.hasTerminal(c):
		attr.Sys.Foreground, attr.Sys.Ctty = true, 0
	case c.Modifiers.Session:
		attr.Sys.Setsid = true
	case c.Background:
		// As in a shell: Ctrl-C ends the run, which ends this one then. Else it could
		// be first, and have failed.
		attr.Sys.Setpgid = true
	}
	return attr
}

// appear makes paths, below ROOT as all that a run can write. A terminal is the
// console.
func appear(paths []string) error {
	for _, p := range paths {
		if err := os.MkdirAll(path.Dir(p), 0o755); err != nil {
			return err
		}
		var err error
		switch base := path.Base(p); {
		case strings.HasSuffix(p, "/"):
			err = os.MkdirAll(p, 0o755)
		case strings.HasPrefix(base, "ser"), strings.HasPrefix(base, "con"), strings.HasPrefix(base, "tty"):
			err = os.Symlink(consoleFile, p)
		default:
			err = os.WriteFile(p, nil, 0o644)
		}
		if err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// say writes a line to the console.
func (r *runner) say(format string, args ...any) {
	_, _ = io.WriteString(r.console, fmt.Sprintf(format, args...)+"\n")
}
