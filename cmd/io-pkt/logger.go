package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"io-pkt/slog"
)

// A logger writes to the system log, under the stack's code.
type logger struct {
	log     *slog.Log
	stderr  io.Writer
	verbose bool // -v: errors go to stderr as well
}

func (l logger) put(sev slog.Severity, text string) {
	l.log.Log(slog.NewCode(slog.TCPIP, 0), sev, text)
	if l.verbose && sev <= slog.Error {
		fmt.Fprintln(l.stderr, strings.TrimSuffix(text, "\n"))
	}
}

// starting logs what QNX's stack logs when it starts, and what is done about
// the options.
func (l logger) starting(a arguments, t tcpip) {
	l.put(slog.Info, "tcpip starting")
	if !t.random {
		l.put(slog.Warning, `Using pseudo random generator.  See "random" option`)
	}
	for _, name := range t.unknown {
		l.put(slog.Info, fmt.Sprintf("tcpip: unrecognized option: %q", name))
	}
	for _, name := range t.idle {
		l.put(slog.Debug1, fmt.Sprintf("tcpip: option %q has no effect here", name))
	}
	for _, letter := range idleLetters(a) {
		l.put(slog.Debug1, fmt.Sprintf("option -%c has no effect here", letter))
	}
}

// idleLetters are the options that were given and do nothing.
func idleLetters(a arguments) (letters []byte) {
	for letter := range a.values {
		letters = append(letters, letter)
	}
	for letter := range a.flags {
		if letter != 'v' {
			letters = append(letters, letter)
		}
	}
	slices.Sort(letters)
	return letters
}
