package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/getopt"
	"io-pkt/slog"
)

// options are what the command line says.
type options struct {
	sync       bool    // -c
	filter     int64   // -f
	log        logFile // -l
	monotonic  bool    // -m
	kilobytes  int64   // -s
	user       string  // -U
	verbose    bool    // -v
	foreground bool    // --foreground
}

const usage = `usage: slogger [-cmv] [-f severity] [-l logfile[,size]] [-s size] [-U user]
               [-u event]
       slogger --foreground ...
  -c                 have every event on the disk before the next is written
  -f severity        write only events of this severity or worse to the file
  -l logfile[,size]  write events to a file, or to two of this size in KB
  -m                 stamp events with the time since the system started
  -s size            the size of the log in KB
  -U user            run as uid[:gid[,gid]...] or name[,gid]...
  -u event           nothing
  -v                 say on standard error where the log is
`

var errOperand = errors.New("takes no operand")

// parse reads the arguments. Of an option that is repeated the last one counts.
func parse(args []string) (options, error) {
	o := options{filter: 7, kilobytes: 16}
	if len(args) > 0 && args[0] == "--foreground" {
		o.foreground, args = true, args[1:]
	}
	given, operands, err := getopt.Parse(args, "cf:l:ms:U:u:v")
	if err != nil {
		return o, err
	}
	for _, g := range given {
		switch g.Letter {
		case 'c':
			o.sync = true
		case 'f':
			o.filter, _ = getopt.Number(g.Value)
		case 'l':
			o.log, err = parseLogFile(g.Value)
		case 'm':
			o.monotonic = true
		case 's':
			o.kilobytes, err = kilobytes(g.Value)
		case 'U':
			o.user = g.Value
		case 'v':
			o.verbose = true
		}
		if err != nil {
			return o, err
		}
	}
	if len(operands) > 0 {
		return o, errOperand
	}
	return o, nil
}

// kilobytes reads a size in KB: 250, 250k, or 0 for what is no number.
func kilobytes(word string) (int64, error) {
	n, _ := getopt.Number(word)
	if n < 0 || n > slog.MaxSize>>10 {
		return 0, fmt.Errorf("bad size %q: want a number of KB up to %d", word, slog.MaxSize>>10)
	}
	return n, nil
}

// logFile is the argument of -l.
type logFile struct {
	name string
	size int64 // of each of two files, in bytes; 0: one file without end
}

func parseLogFile(word string) (logFile, error) {
	name, size, _ := strings.Cut(word, ",")
	if name == "" {
		return logFile{}, fmt.Errorf("bad file %q", word)
	}
	n, err := kilobytes(size)
	return logFile{name, n << 10}, err
}

// size gives the size of the log in bytes. QNX makes a log that is asked to be
// smaller than that 4 KB.
func (o options) size() int { return max(int(o.kilobytes)<<10, slog.MinSize) }

// config gives what the server needs.
func (o options) config() slog.Config {
	c := slog.Config{Size: o.size()}
	if o.monotonic {
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
