package slog

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Log is a place to write to: a Client of the server that runs, or a Server
// of its own.
type Log struct {
	client *Client // one of the two is nil
	server *Server
}

// Open gives the log at path. When no server runs there it starts one in this
// process, which others may then use as they would use slogger's; it ends with
// Close.
func Open(path string) (*Log, error) {
	// Between the two steps somebody else may start a server, or end one.
	for range 3 {
		client, err := Dial(path)
		if err == nil {
			return &Log{client: client}, nil
		}
		if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ECONNREFUSED) {
			return nil, err
		}
		server, err := Listen(path, Config{})
		if err == nil {
			return &Log{server: server}, nil
		}
		if !errors.Is(err, unix.EADDRINUSE) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("log at %s: %w", path, unix.EADDRINUSE)
}

// Hosting says that the log is kept in this process.
func (l *Log) Hosting() bool { return l.server != nil }

// Log adds a text to the log. It does not wait; any goroutine may call it.
func (l *Log) Log(code Code, sev Severity, text string) {
	if l.server != nil {
		l.server.Log(code, sev, text)
		return
	}
	l.client.Log(code, sev, text)
}

// Close sends what is waiting or, when hosting, ends the log. It may be called
// more than once.
func (l *Log) Close() error {
	if l.server != nil {
		return l.server.Close()
	}
	return l.client.Close()
}
