package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"io-pkt/internal/boot"
	"io-pkt/internal/buildfile"
)

// enclose is the run as it is seen from outside: it looks that the files make
// sense, and starts the same command again, within.
func enclose(o options, args []string) (status int, err error) {
	if _, _, err := load(o); err != nil {
		return exitUsage, err
	}
	if o.root == "" {
		var dir string
		if dir, err = os.MkdirTemp("", "buildfile"); err != nil {
			return exitUsage, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		args = append([]string{args[0], "-r", dir}, args[1:]...)
	} else if err := os.MkdirAll(o.root, 0o755); err != nil {
		return exitUsage, err
	}
	status, err = boot.Enclose(args)
	if err != nil {
		return exitUsage, err
	}
	return status, nil
}

// inside is the run within its namespaces.
func inside(o options, stderr io.Writer) (status int, err error) {
	f, program, err := load(o)
	if err != nil {
		return exitUsage, err
	}
	stubs, err := loadStubs(o)
	if err != nil {
		return exitUsage, err
	}
	timelines, err := create(o.timelines)
	if err != nil {
		return exitUsage, err
	}
	view, err := enter(o, boot.ImageFiles(f, program, os.LookupEnv))
	if err != nil {
		return exitUsage, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()

	ctx, stop := interruptible(o.limit)
	defer stop()
	result := boot.Run(ctx, boot.Options{
		Program: program, Stubs: stubs, Simulate: o.simulate, After: o.command, Stay: true,
		Stdin: os.Stdin, Console: os.Stdout,
	})
	if err := write(timelines, result.Timeline); err != nil {
		return exitFailed, err
	}
	if result.Through {
		return verdict(result), nil
	}
	fmt.Fprintf(stderr, "%s: %s: %v\n", name, place(result.At), context.Cause(ctx))
	if s, ok := errors.AsType[interrupted](context.Cause(ctx)); ok {
		return 128 + int(s.signal), nil
	}
	return exitLate, nil
}

// place tells where a run ended, which may be in the command of -c.
func place(c *buildfile.Command) string {
	if c.File == "" {
		return c.Text
	}
	return fmt.Sprintf("%s:%v: %s", c.File, c.Pos, c.Text)
}

// verdict is the status of a script that came to its end.
func verdict(r boot.Result) int {
	switch {
	case r.Status != 0:
		return r.Status
	case r.Failed > 0:
		return exitFailed
	}
	return exitOK
}

// enter puts the image's files and this process in place.
func enter(o options, files []boot.ImageFile) (*boot.View, error) {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return nil, err
	}
	if root == "/" {
		return nil, errors.New("root must be a directory of its own")
	}
	bin, err := ownDirectory()
	if err != nil {
		return nil, err
	}
	if err := boot.WriteImage(root, files); err != nil {
		return nil, fmt.Errorf("write the image's files: %w", err)
	}
	return boot.Enter(root, bin)
}

// ownDirectory is where our commands are.
func ownDirectory() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	exe, err = filepath.EvalSymlinks(exe)
	return filepath.Dir(exe), err
}

// interrupted is why a run ended early.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return "interrupted: " + i.signal.String() }

var errLate = errors.New("it did not end in time")

// interruptible gives a context that ends with a signal, or when the limit is over.
func interruptible(limit time.Duration) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	var late <-chan time.Time
	if limit > 0 {
		late = time.After(limit)
	}
	done := make(chan struct{})
	go func() { // ends with stop
		select {
		case s := <-signals:
			cancel(interrupted{s.(syscall.Signal)})
		case <-late:
			cancel(errLate)
		case <-done:
		}
	}()
	return ctx, func() { signal.Stop(signals); close(done); cancel(nil) }
}

// create opens the files for timelines, before they are out of sight.
func create(names []string) (files []*os.File, err error) {
	for _, n := range names {
		f, err := os.Create(n)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func write(files []*os.File, t boot.Timeline) error {
	for _, f := range files {
		text := t.Text()
		if strings.HasSuffix(f.Name(), ".svg") {
			text = t.SVG()
		}
		_, err := f.WriteString(text)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
