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
	name       string  // as which it was called
	slog2      bool    // by the name: /dev/slog2 leads to the log
	sync       bool    // -c
	filter     int64   // -f
	log        logFile // -l
	monotonic  bool    // -m
	bytes      int64   // -s
	user       string  // -U
	verbose    bool    // -v
	foreground bool    // --foreground
}

var errOperand = errors.New("takes no operand")

// parse reads the arguments, as the command's name has them. Of an option that is
// repeated the last one counts.
func parse(name string, args []string) (options, error) {
	v := variantOf(name)
	o := options{name: name, slog2: v.slog2, filter: 7, bytes: slog.DefaultSize}
	if len(args) > 0 && args[0] == "--foreground" {
		o.foreground, args = true, args[1:]
	}
	given, operands, err := getopt.Parse(args, v.letters+v.idle)
	if err != nil {
		return o, err
	}
	for _, g := range given {
		if strings.ContainsRune(v.idle, g.Letter) {
			continue
		}
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
			o.bytes, err = v.unit.size(g.Value)
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
	n, err := inKB.size(size)
	return logFile{name, n}, err
}

// size gives the size of the log in bytes. QNX makes a log that is asked to be
// smaller than that 4 KB.
func (o options) size() int { return max(int(o.bytes), slog.MinSize) }

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
