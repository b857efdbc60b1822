package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"io-pkt/internal/getopt"
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
	for _, r := range slices.Concat(t.remarks, a.remarks(runtime.NumCPU())) {
		l.put(r.severity, r.text)
	}
}

// remarks are what the log is told about the options that do nothing, and about -P when
// it is a bad one.
func (a arguments) remarks(cpus int) (remarks []remark) {
	if value, given := a.values['P']; given {
		if _, ok := a.priority(); !ok {
			remarks = append(remarks, remark{slog.Warning, fmt.Sprintf("option -P: invalid priority %s ignored", value)})
		}
	}
	for _, letter := range a.idleLetters() {
		if letter == 'D' && a.threads(cpus) == 1 {
			remarks = append(remarks, remark{slog.Warning, "option -D ignored: there is only one thread"})
		} else {
			remarks = append(remarks, remark{slog.Debug1, fmt.Sprintf("option -%c has no effect here", letter)})
		}
	}
	return remarks
}

// threads is the number of packet threads that -t asks for.
func (a arguments) threads(cpus int) int64 {
	if t, given := a.values['t']; given {
		n, _ := getopt.Number(t)
		return max(n, 1)
	}
	return int64(cpus)
}

// idleLetters are the options that were given and do nothing.
func (a arguments) idleLetters() (letters []byte) {
	for letter := range a.values {
		if strings.IndexByte("PUi", letter) < 0 {
			letters = append(letters, letter)
		}
	}
	for letter := range a.flags {
		if letter != 'v' {
			letters = append(letters, letter)
		}
	}
	slices.Sort(letters)
	return letters
}
