package main

import (
	"fmt"
	"strings"

	"io-pkt/internal/getopt"
	"io-pkt/slog"
)

// A variant is what differs between the command's names.
type variant struct {
	letters string // the options, as getopt takes them
	idle    string // more of them, without effect
	unit    unit   // of -s
	slog2   bool   // /dev/slog2 leads to the log, whoever keeps that
	usage   string
}

// variantOf gives the variant of a name. QNX 7's "slogger2" has its options, and
// the one that 6.6 had besides: -p.
func variantOf(name string) variant {
	if name == "slogger2" {
		return variant{letters: "s:U:v", idle: "C:c:D:d:g:l:P:p:S", unit: inBytes, slog2: true, usage: usage2}
	}
	return variant{letters: "cf:l:ms:U:v", idle: "u:", unit: inKB, usage: usage}
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

const usage2 = `usage: slogger2 [-v] [-s size] [-U user]
       slogger2 --foreground ...
  -s size  the size of the log in bytes, or in KB with a k behind it
  -U user  run as uid[:gid[,gid]...] or name[,gid]...
  -v       say on standard error where the log is
  -S, and with a value -C, -c, -D, -d, -g, -l, -P and -p: nothing
`

// A unit is what a size without a k is in.
type unit struct {
	name  string
	bytes int64
}

var (
	inBytes = unit{"bytes", 1}
	inKB    = unit{"KB", 1 << 10}
)

// size reads a size and gives it in bytes: 250k is in KB, 250 in the unit, and what
// is no number is 0.
func (u unit) size(word string) (int64, error) {
	n, rest := getopt.Number(word)
	in := u.bytes
	if strings.HasPrefix(rest, "k") {
		in = inKB.bytes
	}
	if n < 0 || n > slog.MaxSize/in {
		return 0, fmt.Errorf("bad size %q: want a number of %s up to %d", word, u.name, slog.MaxSize/u.bytes)
	}
	return n * in, nil
}
