package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// restTime is how long a terminal or a FIFO may take for the last events.
const restTime = 3 * time.Second

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
	// What can be waited for is not to block: neither here, as a FIFO without a reader
	// does, nor in a write, which a deadline ends.
	flags := os.O_CREATE | unix.O_NONBLOCK
	if sync {
		flags |= os.O_SYNC
	}
	if l.size > 0 {
		return openPair(l, flags|os.O_WRONLY)
	}
	f, err := os.OpenFile(l.name, flags|access(l.name)|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	if isTerminal(f) {
		return &terminal{File: f, layout: slog.Layout{Escape: true}}, nil
	}
	s := &single{File: f}
	if err := s.mend(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// access says how to open a file: a regular one is read before it is written to, and
// a FIFO that is open for reading, too, needs no reader (fifo(7)); others may not be
// readable.
func access(name string) int {
	info, err := os.Stat(name)
	if err != nil || info.Mode().IsRegular() || info.Mode()&fs.ModeNamedPipe != 0 {
		return os.O_RDWR
	}
	return os.O_WRONLY
}

// isTerminal does without f.Fd, after which deadlines may have no effect.
func isTerminal(f *os.File) bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	found := false
	_ = raw.Control(func(fd uintptr) {
		_, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		found = err == nil
	})
	return found
}

// hurry gives a file time for the rest of the events. A disk takes what it takes.
func hurry(file eventFile) {
	if f, ok := file.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = f.SetWriteDeadline(time.Now().Add(restTime))
	}
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

// mend removes half an event that a power cut has left at the end of a regular file:
// with it, nothing that comes after could be read.
func (s *single) mend() error {
	info, err := s.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	// No more than is there now, for another may be writing, too.
	s.end, err = wholeEvents(io.NewSectionReader(s, 0, info.Size()))
	if err != nil {
		return fmt.Errorf("append to %s: at byte %d: %w", s.Name(), s.end, err)
	}
	if s.end < info.Size() {
		return s.Truncate(s.end)
	}
	return nil
}

// repair removes half an event, which would spoil all that come after it.
func (s *single) repair() error {
	_, err := s.Seek(s.end, io.SeekStart)
	return errors.Join(err, s.Truncate(s.end))
}
