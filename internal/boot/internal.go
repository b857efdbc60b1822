package boot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/qnx"
	"io-pkt/internal/waitfor"
)

// internal runs one of the start-up script's own commands.
func (r *runner) internal(ctx context.Context, e *event) error {
	e.kind = KindInternal
	args := e.command.Args[1:]
	switch e.command.Args[0] {
	case "display_msg":
		r.say("%s", strings.Join(args, " "))
	case "waitfor":
		e.kind = KindWait
		return r.waitfor(ctx, args)
	case "reopen":
		e.kind = KindWait
		return r.reopen(ctx, args)
	case "procmgr_symlink":
		return link(onTarget(args[0]), onTarget(args[1]))
	}
	return nil // sched_aps: Linux has no such partitions
}

// waitfor waits for a path: path [seconds].
func (r *runner) waitfor(ctx context.Context, args []string) error {
	limit := waitfor.DefaultLimit
	if len(args) > 1 {
		limit = waitfor.Seconds(args[1])
	}
	return r.await(ctx, args[0], limit, func(path string) error {
		_, err := os.Stat(path)
		return err
	})
}

// reopen opens another console: [path [seconds]], or the other way round.
func (r *runner) reopen(ctx context.Context, args []string) error {
	path, limit := "/dev/console", waitfor.DefaultLimit
	for _, a := range args {
		if strings.HasPrefix(a, "/") {
			path = a
		} else {
			limit = waitfor.Seconds(a)
		}
	}
	return r.await(ctx, path, limit, func(path string) error {
		if to, err := os.Readlink(path); err == nil && to == consoleFile {
			return r.use(r.Console)
		}
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		_ = unix.SetNonblock(int(f.Fd()), false)
		return r.use(f)
	})
}

// use makes a file the console, and closes the one before.
func (r *runner) use(f *os.File) error {
	if r.console != r.Console && r.console != f {
		_ = r.console.Close()
	}
	r.console = f
	return nil
}

// await tries something on a path until it succeeds, and tells when it does not.
func (r *runner) await(ctx context.Context, path string, limit time.Duration, try func(path string) error) error {
	err := waitfor.Until(ctx, limit, waitfor.DefaultPoll, func() (bool, error) {
		err := try(onTarget(path))
		return err != nil && !waitfor.NotYet(err), err
	})
	if err != nil && ctx.Err() == nil {
		r.say("Unable to access \"%s\" (%d)", path, int(qnx.Errno(err)))
	}
	return err
}

// link makes a link, as QNX's process manager does in its own names. Where the
// machine must not be written there is none, which nothing on Linux misses: such
// links are for the libraries of QNX.
func link(to, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil && !errors.Is(err, syscall.EROFS) {
		return err
	}
	err := os.Symlink(to, path)
	if errors.Is(err, syscall.EROFS) || errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}
