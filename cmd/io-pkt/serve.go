package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"io-pkt/internal/ctl"
	"io-pkt/internal/stack"
	"io-pkt/slog"
)

// patience is how long an orderly shutdown may take, as on QNX.
const patience = 15 * time.Second

// handleSignals gives a context that SIGTERM ends. The other signals that are
// usually sent to programs do nothing, as on QNX; SIGPIPE among them, because
// standard error may go away long before we do.
func handleSignals() (ctx context.Context, stop context.CancelFunc) {
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGUSR1, syscall.SIGUSR2)
	return signal.NotifyContext(context.Background(), syscall.SIGTERM)
}

// serve is io-pkt: it calls ready when clients can connect, loads the drivers,
// and returns when ctx has ended, or when it cannot start.
func serve(ctx context.Context, a arguments, ready func(), stderr io.Writer) (err error) {
	t := parseTCPIP(a.protocols)
	if i, ok := a.values['i']; ok {
		if _, err := strconv.ParseUint(i, 0, 16); err != nil {
			return fmt.Errorf("invalid instance number: %s", i)
		}
	}
	v6 := strings.Contains(a.program, "v6")
	// The socket comes first: it says whether another io-pkt runs there, whose
	// interfaces must not be disturbed.
	listener, err := ctl.Listen(t.prefix, v6)
	if err != nil {
		return err
	}
	log, err := slog.Open(filepath.Join("/", t.prefix, "dev/slog"))
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	l := logger{log: log, stderr: stderr, verbose: a.flags['v']}
	s, err := stack.New(stack.Config{Drivers: drivers(), Log: l.put, IPv6: v6})
	if err != nil {
		l.put(slog.Critical, fmt.Sprintf("%s: init_main: %v", a.program, err))
		return errors.Join(err, log.Close(), listener.Close())
	}
	server := ctl.NewServer(s)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with server.Close

	l.starting(a, t)
	ready()
	load(ctx, s, a, l)
	select {
	case <-ctx.Done():
	case err = <-served:
	}
	return errors.Join(err, within(patience, func() error {
		// Clients are cut off when the interfaces have gone, which they may be
		// following; the log takes what is said meanwhile.
		return errors.Join(s.Close(), server.Close(), log.Close())
	}))
}

// load loads the drivers and protocols of the command line. What fails is
// logged, by the stack for drivers, and stops nothing.
func load(ctx context.Context, s *stack.Stack, a arguments, l logger) {
	for _, d := range a.drivers {
		_ = s.Load(ctx, d.name, d.options)
	}
	for _, p := range a.protocols {
		if isTCPIP(p.name) {
			continue
		}
		l.put(slog.Error, fmt.Sprintf("Unable to load lsm-%s.so: Library cannot be found\n", p.name))
	}
}

// within calls f and waits for it, but no longer than d.
func within(d time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }() // ends with f, or with the program
	select {
	case err := <-done:
		return err
	case <-time.After(d):
		return fmt.Errorf("shutdown takes more than %v: %w", d, os.ErrDeadlineExceeded)
	}
}
