// Sloginfo prints the system log.
//
// # Synopsis
//
//	sloginfo [-chtw] [-m major] [-s severity] [file]
//
// # Description
//
// Sloginfo prints the events in the log that slogger keeps, or io-pkt where no
// slogger runs. A line has the time, the severity (0 to 7, lower is worse), the
// major and the minor code of the event, and its text or its numbers:
//
//	Time             Sev Major Minor Args
//	Jan 01 00:00:05    5    14     0 tcpip starting
//
// The operand is another log's socket or a file of events, such as slogger -l
// writes; the default is /dev/slog below the prefix in SOCK.
//
// Numbers are printed by the formats in /etc/slog/*.fmt, where they have one for
// the code: lines of a major code, a minor code and a format as for printf.
//
// Called as slog2info it does the same.
//
// # Options
//
//	-c           Clear the log of all that was there, also what -m and -s left out, when
//	             it is printed. A file is removed.
//	-h           Print numbers in hexadecimal.
//	-m major     Print only events with this major code: 14, 0xe or 016.
//	-s severity  Print only events of this severity or a worse one. The default is 7: all.
//	-t           Print times with milliseconds.
//	-w           Print what is there and then wait for more.
//	--help       Print a summary of the options, if nothing else is on the line.
//
// Numbers are read as far as they go: "5x" is 5, and "x" is 0.
//
// # Exit status
//
// 0 if the log was printed; 1 if an option is unknown, or the log cannot be
// opened, read or cleared, or went away while waiting.
//
// # Differences from QNX
//
// With -w, when the log drops events before they can be printed, it says on
// standard error how many. With -c, events that arrive meanwhile stay. Only root
// and the user that the log's server runs as can clear it. On a terminal,
// control characters in texts appear as \x1b. A file has an end with -w, too.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"io-pkt/slog"
)

// The exit statuses.
const (
	exitOK    = 0
	exitError = 1
)

func main() {
	c := command{formatDir: "/etc/slog", path: slog.Path(os.Getenv("SOCK")), stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(c.run(os.Args))
}

// A command is one run of sloginfo.
type command struct {
	formatDir string // where the *.fmt files are
	path      string // of the log, when there is no operand
	stdout    io.Writer
	stderr    io.Writer

	name string // as which it was called
}

func (c *command) run(args []string) int {
	c.name = filepath.Base(args[0])
	if len(args) == 2 && args[1] == "--help" {
		fmt.Fprint(c.stdout, usage)
		return exitOK
	}
	o, err := parse(args[1:])
	if err != nil {
		c.complain("%v", err)
		return exitError
	}
	if o.file == "" {
		o.file = c.path
	}
	if err := c.print(o); err != nil {
		fmt.Fprintln(c.stderr, explain(err))
		return exitError
	}
	return exitOK
}

// complain says something on standard error.
func (c *command) complain(format string, args ...any) {
	fmt.Fprintf(c.stderr, "%s: %s\n", c.name, fmt.Sprintf(format, args...))
}
