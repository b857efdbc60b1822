package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// options are what the command line says.
type options struct {
	Sync       bool    `short:"c" help:"Have every event on the disk before the next is written."`
	Filter     int     `short:"f" placeholder:"SEVERITY" default:"7" help:"Write only events of this severity or a worse one to the file."`
	Log        logFile `short:"l" placeholder:"FILE[,SIZE]" help:"Write events to a file, or to two of this size in KB."`
	Monotonic  bool    `short:"m" help:"Stamp events with the time since the system started."`
	Size       kilo    `short:"s" placeholder:"SIZE" default:"16" help:"The size of the log in KB."`
	User       string  `short:"U" placeholder:"USER" help:"Run as this user: uid[:gid[,gid]...] or name[,gid]..."`
	Event      string  `short:"u" placeholder:"EVENT" help:"Ignored."`
	Foreground bool    `help:"Stay in the foreground."`
	Verbose    int     `short:"v" type:"counter" help:"Say on standard error where the log is."`
	Help       bool    `help:"Print this."`
}

// parse reads the arguments. When they ask for help it prints that and is done.
func parse(name string, args []string, stdout io.Writer) (o options, done bool, err error) {
	parser, err := kong.New(&o,
		kong.Name(name),
		kong.Description("Keep the system log."),
		kong.NoDefaultHelp(),
		kong.Writers(stdout, stdout))
	if err != nil {
		return options{}, false, err
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return options{}, false, err
	}
	if o.Help {
		return options{}, true, ctx.PrintUsage(false)
	}
	return o, false, nil
}

// size gives the size of the log in bytes. QNX makes a log that is asked to be
// smaller than that 4 KB.
func (o options) size() int { return max(int(o.Size), slog.MinSize) }

// config gives what the server needs.
func (o options) config() slog.Config {
	c := slog.Config{Size: o.size()}
	if o.Monotonic {
		c.Now = sinceBoot
	}
	return c
}

// sinceBoot gives the monotonic clock as if the system had started in 1970.
func sinceBoot() time.Time {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return time.Time{}
	}
	return time.Unix(t.Unix())
}

// kilo is a number of bytes that is given in KB: 250 or 250k.
type kilo int

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *kilo) UnmarshalText(text []byte) error {
	s := strings.TrimRight(string(text), "kK")
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil || len(text)-len(s) > 1 || n == 0 || n > slog.MaxSize>>10 {
		return fmt.Errorf("bad size %q: want a number of KB up to %d", text, slog.MaxSize>>10)
	}
	*k = kilo(n << 10)
	return nil
}

// logFile is the argument of -l.
type logFile struct {
	name string
	size kilo // of each of two files; 0: one file without end
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *logFile) UnmarshalText(text []byte) error {
	name, size, two := strings.Cut(string(text), ",")
	if name == "" {
		return fmt.Errorf("bad file %q", text)
	}
	l.name = name
	if two {
		return l.size.UnmarshalText([]byte(size))
	}
	return nil
}
