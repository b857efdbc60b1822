// Slogger keeps the system log.
//
// # Synopsis
//
//	slogger [-cmv] [-f severity] [-l logfile[,size]] [-s size] [-U user] [-u event]
//	slogger2 [-v] [-s size] [-U user]
//	slogger|slogger2 --foreground ...
//
// # Description
//
// Slogger keeps the newest events that programs log, in memory, and serves them
// to sloginfo at /dev/slog below the prefix in SOCK. It goes to the background:
// the command ends, with status 0, when the log is ready. SIGTERM ends it, once
// the file of -l has the rest; a terminal or a FIFO has 3 s to take it.
//
// Started before io-pkt it keeps the log for it too, and goes on when io-pkt
// ends. When io-pkt found no log it keeps one itself, and slogger cannot start.
// Who removes /dev/slog empties the log; it is there again at once.
//
// With -l it also writes the events to a file, in the binary form that sloginfo
// reads, or as text if that is a terminal. With a size it writes to logfile1 and
// logfile2 in turns and empties each before the first event of its turn. It starts
// with one that is empty, or else with the one that was written to longer ago, so
// that the last events before a restart are kept. Without a size it appends to
// logfile, and first removes half an event at its end, as a power cut leaves one.
// It reads the whole file for that; where there is anything but events in it, it
// leaves it as it is and does not start. A FIFO needs no reader: one that comes
// later finds what the FIFO had room for, and then what the log still has.
//
// As slogger2, QNX 7's logger, it keeps the same log, and /dev/slog2 beside /dev/slog
// is a link to it until it ends. Where slogger or io-pkt keeps the log already, it
// makes the link, if it may, and ends with status 0: on QNX both loggers run, and
// here what slogger2 would keep is in that log. The link stays then.
//
// # Options
//
//	-c                 Have every event on the disk before the next is written (O_SYNC).
//	-f severity        Write only events of this severity or a worse one to the file. The default is 7: all.
//	-l logfile[,size]  Write events to a file, or to two of this size in KB.
//	-m                 Stamp events with the time since the system started.
//	-s size            The size of the log in KB, k may follow: up to 262144, and 4 at least. The default is 16.
//	-U user            Run as this user: uid[:gid[,gid]...] or name[,gid]...
//	-u event           For trace events, which Linux has none of. It is ignored.
//	-v                 Say on standard error where the log is.
//	--foreground       Stay in the foreground, for service managers and containers; first on the line.
//	--help             Print a summary of the options, if nothing else is on the line.
//
// Those of slogger2 are
//
//	-s size  The size of the log in bytes, or in KB if k follows. The limits are the same.
//	-U, -v, --foreground, --help
//	         As with slogger.
//	-S       Accepted, without effect, as are with a value -C, -c, -D, -d, -g, -l, -P
//	         and -p.
//
// Numbers are read as far as they go: "5x" is 5, and "x" is 0.
//
// # Exit status
//
// 0 if the log is ready; 1 if an option is wrong, another program keeps the log, its
// socket or the file cannot be made, or the file holds anything but events. For
// slogger2 it is 0, too, if another keeps the log, and 1 if it does itself and
// cannot make the link.
//
// # Differences from QNX
//
// There is no /dev/console. With -U, a user who may not make /dev/slog cannot
// bring it back when it is removed, nor remove it and /dev/slog2 at the end; the
// next one replaces them. slogger2 has one log, with slogger's events: no sets of
// buffers, and no copy of them after a crash. What the file lost because the disk
// was too slow or full is said in the file, or on standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"io-pkt/internal/daemon"
	"io-pkt/slog"
)

// The exit statuses.
const (
	exitOK    = 0
	exitError = 1
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is called twice, in the command that was typed and in the background,
// unless that is to stay in the foreground.
func run(args []string, stdout, stderr io.Writer) int {
	name := filepath.Base(args[0])
	fail := func(err error) int {
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return exitError
	}
	if len(args) == 2 && args[1] == "--help" {
		fmt.Fprint(stdout, variantOf(name).usage)
		return exitOK
	}
	o, err := parse(name, args[1:])
	if err != nil {
		return fail(err)
	}
	ready := func() {}
	if !o.foreground {
		background, status, err := daemon.Start(args)
		if err != nil {
			return fail(err)
		}
		if background == nil {
			return status
		}
		ready = background.Ready
		signal.Ignore(syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // standard error may go away long before we do
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := o.serve(ctx, slog.Path(os.Getenv("SOCK")), ready, stderr); err != nil {
		return fail(err)
	}
	return exitOK
}

// serve keeps the log until ctx is done. It calls ready when the log can be
// used and nothing can go wrong any more.
func (o options) serve(ctx context.Context, path string, ready func(), stderr io.Writer) error {
	become := func() error { return nil }
	if o.user != "" {
		u, err := daemon.ParseUser(o.user)
		if err != nil {
			return err
		}
		become = u.Become
	}
	server, err := slog.Listen(path, o.config())
	if errors.Is(err, unix.EADDRINUSE) {
		return o.kept(path, stderr)
	}
	if err != nil {
		return err
	}
	stop := sync.OnceFunc(func() {
		// The link goes first: one that is there when the log is free is the next one's.
		if o.slog2 {
			removeLink(path)
		}
		_ = server.Close()
	})
	defer stop()
	if o.slog2 {
		if err := makeLink(path); err != nil {
			return err
		}
	}
	file, err := o.openFile(ctx) // now that it is not another's
	if err != nil {
		return err
	}
	defer file.Close()
	if err := become(); err != nil {
		return err
	}
	if o.verbose {
		fmt.Fprintf(stderr, "%s: %d KB of log at %s\n", o.name, o.size()>>10, path)
	}
	ready()
	context.AfterFunc(ctx, func() { // ends copyTo, after the last event
		stop()
		hurry(file)
	})
	o.copyTo(file, server, stderr)
	return nil
}

// kept is what is left to do where another keeps the log. On QNX slogger2 runs beside
// slogger; what it would keep is in that log here.
func (o options) kept(path string, stderr io.Writer) error {
	err := fmt.Errorf("%s is kept by another slogger or by io-pkt already", path)
	if !o.slog2 {
		return err
	}
	_ = makeLink(path) // whoever may not make it goes without
	if o.verbose {
		fmt.Fprintf(stderr, "%s: %v\n", o.name, err)
	}
	return nil
}

// openFile waits for the file, but not when ctx is done: one that is long takes its
// time, and the disk may not answer.
func (o options) openFile(ctx context.Context) (eventFile, error) {
	type opened struct {
		eventFile
		err error
	}
	done := make(chan opened, 1)
	go func() { // ends with openFile, or with the program
		file, err := openFile(o.log, o.sync)
		done <- opened{file, err}
	}()
	select {
	case r := <-done:
		return r.eventFile, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("open %s: %w", o.log.name, context.Cause(ctx))
	}
}
