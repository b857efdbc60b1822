package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"io-pkt/internal/ctl"
	"io-pkt/internal/serial"
	"io-pkt/internal/stack"
	"io-pkt/slog"
)

// patience is how long an orderly shutdown may take, as on QNX.
const patience = 15 * time.Second

// handleSignals gives a context that SIGTERM ends. The other signals that are
// usually sent to programs do nothing, as on QNX; SIGPIPE among them, because
// standard error may go away long before we do.
func handleSignals() (ctx context.Context, stop context.CancelFunc) {
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	return signal.NotifyContext(context.Background(), syscall.SIGTERM)
}

// spare is how many goroutines run at once beside those that move frames, of which there
// are at most as many as processors. These keep their place in short system calls and
// waits (internal/poll); the others, those for each interface's control requests among
// them, would be in their way, and they in theirs. On two processors TCP from eight of
// Linux's ECM gadgets at once has a quarter less with two to spare (57, 51 and 67 Mb/s
// beside 75, 116 and 71), and with fourteen no more than with six (78, 65 and 65); but
// for each the runtime keeps memory that no other gets.
const spare = 6

// serve is io-pkt: it calls ready when clients can connect, loads the drivers,
// and returns when ctx has ended, or when it cannot start.
func serve(ctx context.Context, a arguments, ready func(), stderr io.Writer) (err error) {
	runtime.GOMAXPROCS(max(runtime.NumCPU()+spare, runtime.GOMAXPROCS(0)))
	t, v6 := parseTCPIP(a.protocols), strings.Contains(a.program, "v6")
	// Before all else it is known whether another io-pkt runs there, whose interfaces
	// must not be disturbed. Who waits for the socket's directory wants the log, too.
	var log *slog.Log
	listener, err := ctl.Listen(t.prefix, v6, func() (err error) {
		log, err = slog.Open(filepath.Join("/", t.prefix, "dev/slog"))
		return err
	})
	if log != nil {
		defer func() { err = errors.Join(err, log.Close()) }()
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, listener.Close()) }()
	l := logger{log: log, stderr: stderr, verbose: a.flags['v']}

	instance, err := a.instance()
	if err != nil {
		l.log.Log(slog.NewCode(slog.TCPIP, 0), slog.Error, fmt.Sprintf("%s: %v", a.program, err))
		return err
	}
	dev := filepath.Join("/", t.prefix, "dev")
	if err := serial.Sweep(dev, "serecm*"); err != nil {
		l.put(slog.Warning, fmt.Sprintf("what a killed io-pkt has left: %v", err))
	}
	s, err := stack.New(stack.Config{Drivers: drivers(dev), Log: l.put, Instance: instance, IPv6: v6})
	if err != nil {
		l.log.Log(slog.NewCode(slog.TCPIP, 0), slog.Error, fmt.Sprintf("%s: init_main: %v", a.program, err))
		return err
	}
	server := ctl.NewServer(s)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with server.Close

	l.starting(a, t)
	l.prioritize(a)
	if err := t.apply("/proc/sys", v6); err != nil {
		l.put(slog.Warning, fmt.Sprintf("tcpip: kernel settings: %v", err))
	}
	withdraw := publish(instance, t.prefix, l)
	ready()
	load(ctx, s, a, l)
	select {
	case <-ctx.Done():
	case err = <-served:
	}
	return errors.Join(err, within(patience, func() error {
		// Clients are cut off when the interfaces have gone, which they may be
		// following; the log takes what is said meanwhile.
		return errors.Join(withdraw(), s.Close(), server.Close(), log.Close())
	}))
}

// instance gives the number of -i, 0 for none.
func (a arguments) instance() (int, error) {
	value, given := a.values['i']
	if !given {
		return 0, nil
	}
	n, err := strconv.ParseUint(value, 0, 16)
	if err != nil {
		return 0, errInstance(value)
	}
	return int(n), nil
}

// errInstance is an instance number that is none, in QNX's words.
type errInstance string

func (e errInstance) Error() string { return "Invalid instance number: " + string(e) }

// publish lets a stack with a number be found by it. It works without: clients
// use SOCK then.
func publish(instance int, prefix string, l logger) (withdraw func() error) {
	if instance > 0 {
		withdraw, err := ctl.PublishInstance("/dev", instance, prefix)
		if err == nil {
			return withdraw
		}
		l.put(slog.Debug1, fmt.Sprintf("instance %d: %v", instance, err))
	}
	return func() error { return nil }
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
		file := p.name
		if !strings.HasPrefix(file, "/") {
			file = "lsm-" + file + ".so"
		}
		l.put(slog.Info, fmt.Sprintf("%s %s", file, cmp.Or(p.options, "(null)")))
		l.put(slog.Error, fmt.Sprintf("Unable to load %s: Library cannot be found\n", file))
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
