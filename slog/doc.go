// Package slog is QNX's system log: events with a code, a severity and a time,
// the ring that keeps the newest, the server that programs write to and read
// from, and the text layout of sloginfo.
//
// Most programs need Open alone, which gives a Log to write to, and Close:
//
//	log, err := slog.Open(slog.Path(os.Getenv("SOCK")))
//	...
//	defer log.Close()
//	log.Log(slog.NewCode(slog.TCPIP, 0), slog.Info, "tcpip starting")
//
// A Reader reads a log that somebody else keeps, a Server keeps one, and a
// Layout shows events as sloginfo does. Each says in its own words what
// goroutines it has and what its Close does.
//
// The name is QNX's; where both are needed the standard library's log/slog is
// imported as stdslog. A Handler connects the two.
package slog

import "path/filepath"

// Path gives the path of the log below a prefix, which may be empty.
func Path(prefix string) string { return filepath.Join("/", prefix, "dev/slog") }
