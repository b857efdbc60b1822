/*
waitfor waits until a path is there.

# Synopsis

	waitfor path [seconds [poll_ms]]

# Description

waitfor looks whether the path is there, and if not looks again after each
poll_ms milliseconds. A path that is there already ends it at once. Start-up
scripts wait so for servers: waitfor /dev/socket 10.

seconds may have one digit after the point; the default is 5. poll_ms is 100 if
not given. Both may be hexadecimal or octal.

# Options

	--help  alone on the line: show a summary

# Exit status

0 when the path is there; 1 when it did not come in that time, with the line
"Unable to access PATH" on the standard error; 1 without a path, silently.

# Differences from QNX

None is known. Scripts without a sleep use "waitfor 5" for one, which works here,
too: it waits five seconds for a file 5.
*/
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"io-pkt/internal/getopt"
	"io-pkt/internal/waitfor"
)

const usage = "usage: waitfor path [seconds [poll_ms]]\n"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command; it gives the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "--help" {
		fmt.Fprint(stdout, usage)
		return 0
	}
	_, words, err := getopt.Parse(args, "")
	if err != nil {
		fmt.Fprintf(stderr, "waitfor: %v\n", err)
		return 1
	}
	if len(words) == 0 {
		return 1
	}
	limit, poll := waitfor.DefaultLimit, waitfor.DefaultPoll
	if len(words) > 1 {
		limit = waitfor.Seconds(words[1])
	}
	if len(words) > 2 {
		n, _ := getopt.Number(words[2])
		poll = time.Duration(min(max(n, 1), int64(time.Hour/time.Millisecond))) * time.Millisecond
	}
	if err := waitfor.Path(context.Background(), words[0], limit, poll); err != nil {
		fmt.Fprintf(stderr, "Unable to access %s\n", words[0])
		return 1
	}
	return 0
}
