package slog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Reader reads a log: that of a running server, or a file of events in binary
// form. It is for one goroutine; only Close may be called by others, and ends
// what waits. To read a running log to its end and go on with what comes:
//
//	r, err := slog.OpenReader("/dev/slog")
//	...
//	defer r.Close()
//	for e, err := range r.Events() { ... }
//	for e, err := range r.Follow() { ... }
//
// Errors are of type *fs.PathError; its Op is "open", "read" or "clear".
type Reader struct {
	path   string
	file   io.ReadCloser
	conn   net.Conn // the same when it is a server, else nil
	in     *bufio.Reader
	seq    uint64 // of the newest event that Events gave
	missed uint64
	endure bool // Follow: the next event may take any time
	closed atomic.Bool
}

// answerTime is how long a server may be silent while it answers a request that
// has an end.
const answerTime = 5 * time.Second

// OpenReader opens the log at path: a server's socket, or a file.
func OpenReader(path string) (*Reader, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathError("open", path, err)
	}
	r := &Reader{path: path}
	if info.Mode()&fs.ModeSocket != 0 {
		r.conn, err = net.Dial("unix", path)
		r.file = r.conn
	} else {
		r.file, err = os.Open(path)
	}
	if err != nil {
		return nil, pathError("open", path, err)
	}
	r.in = bufio.NewReaderSize(r.file, batchSize)
	return r, nil
}

// Close ends the reading. What waits gets fs.ErrClosed.
func (r *Reader) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	return r.file.Close()
}

// Missed gives the number of events that were dropped before this reader took
// them.
func (r *Reader) Missed() uint64 { return r.missed }

// Pending says that the next event is there already, so that whoever shows
// events knows when to flush.
func (r *Reader) Pending() bool {
	b, _ := r.in.Peek(r.in.Buffered())
	_, _, err := Parse(b)
	return err == nil
}

// Events gives the events that are there now, the oldest first. An error ends
// it, ETIMEDOUT when the server does not answer; breaking off closes the reader.
func (r *Reader) Events() iter.Seq2[Event, error] { return r.events(control{kind: kindDump}) }

// Follow gives the events after those that Events gave, or the oldest when that
// was not called, and then waits for more. It ends with an error only: ECONNRESET
// when the server is gone, fs.ErrClosed after Close. A file has nothing to
// follow.
func (r *Reader) Follow() iter.Seq2[Event, error] {
	if r.conn == nil {
		return func(func(Event, error) bool) {}
	}
	from := control{kind: kindFollow}
	if r.seq > 0 {
		from.value = r.seq + 1
	}
	return r.events(from)
}

// events asks for events and gives them.
func (r *Reader) events(request control) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		r.ask(request)
		for {
			e, more, err := r.next()
			if err == io.EOF {
				return // of a file
			}
			if err != nil {
				yield(Event{}, pathError("read", r.path, err))
				return
			}
			if !more {
				return
			}
			if !yield(e, nil) {
				// The rest of the answer is on its way; nothing else can be asked.
				_ = r.Close()
				return
			}
		}
	}
}

// Clear drops the events that Events gave, and only those, from the log; a file
// is removed. On a server it is for root and the server's own user; others get
// EPERM.
func (r *Reader) Clear() error {
	if r.conn == nil {
		if err := os.Remove(r.path); err != nil {
			return pathError("clear", r.path, err)
		}
		return nil
	}
	r.ask(control{kindClear, r.seq})
	if _, _, err := r.next(); err != nil {
		return pathError("clear", r.path, err)
	}
	return nil
}

// ask sends a request. If it cannot be sent, the server may have said why
// before it hung up, so the answer is what counts.
func (r *Reader) ask(request control) {
	if r.conn == nil {
		return
	}
	r.endure = request.kind == kindFollow
	_ = r.conn.SetDeadline(time.Time{})
	_, _ = r.conn.Write(request.append(nil)) // a few bytes have room, or it is gone
}

// allow gives the server time for the next record.
func (r *Reader) allow() {
	if r.conn != nil && !r.endure && r.in.Buffered() < MaxEvent {
		_ = r.conn.SetReadDeadline(time.Now().Add(answerTime))
	}
}

// next takes the next event; more is false at the end of what was asked for.
func (r *Reader) next() (e Event, more bool, err error) {
	for {
		r.allow()
		record, err := peekRecord(r.in)
		if err != nil {
			return Event{}, false, r.ended(err)
		}
		answer, isControl := parseControl(record)
		if !isControl {
			e, _, err := Parse(record)
			_, _ = r.in.Discard(len(record))
			return e, true, err
		}
		_, _ = r.in.Discard(len(record))
		switch {
		case r.conn == nil:
			return Event{}, false, ErrFormat
		case answer.kind == kindMissed:
			r.missed += answer.value
		case answer.kind == kindEnd:
			r.seq = answer.value
			return Event{}, false, nil
		case answer.kind == kindError:
			return Event{}, false, syscall.Errno(answer.value)
		default:
			return Event{}, false, ErrFormat
		}
	}
}

// ended says what the end of the stream means. A file may have one.
func (r *Reader) ended(err error) error {
	end := err == io.EOF || err == io.ErrUnexpectedEOF
	switch {
	case r.closed.Load():
		return fs.ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the log's server does not answer: %w", unix.ETIMEDOUT)
	case r.conn != nil && end:
		return fmt.Errorf("the log's server is gone: %w", unix.ECONNRESET)
	}
	return err
}

// pathError puts what was tried in front of an error, in place of what net and
// os say of it.
func pathError(op, path string, err error) error {
	switch e := err.(type) {
	case *fs.PathError:
		err = e.Err
	case *net.OpError:
		err = e.Err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
