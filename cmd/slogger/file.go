package main

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// An eventFile is where -l puts events.
type eventFile interface {
	// Write writes one event. After an error the file is as it was before.
	Write(slog.Event) error
	io.Closer
}

// openFile opens what -l says, if it says anything.
func openFile(l logFile, sync bool) (eventFile, error) {
	if l.name == "" {
		return noFile{}, nil
	}
	flags := os.O_WRONLY | os.O_CREATE
	if sync {
		flags |= os.O_SYNC
	}
	if l.size > 0 {
		return openPair(l, flags)
	}
	f, err := os.OpenFile(l.name, flags|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil {
		return &terminal{File: f, layout: slog.Layout{Escape: true}}, nil
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		end = 0 // a pipe
	}
	return &single{f, end}, nil
}

// noFile is there when -l is not.
type noFile struct{}

func (noFile) Write(slog.Event) error { return nil }
func (noFile) Close() error           { return nil }

// terminal shows events as text.
type terminal struct {
	*os.File
	layout slog.Layout
}

func (t *terminal) Write(e slog.Event) error {
	_, err := t.File.Write(t.layout.Append(nil, e))
	return err
}

// single is one file without end.
type single struct {
	*os.File
	end int64
}

func (s *single) Write(e slog.Event) error {
	n, err := s.File.Write(e.Append(nil))
	if err != nil && n > 0 {
		return errors.Join(err, s.repair())
	}
	s.end += int64(n)
	return err
}

// repair removes half an event, which would spoil all that come after it.
func (s *single) repair() error {
	_, err := s.Seek(s.end, io.SeekStart)
	return errors.Join(err, s.Truncate(s.end))
}
