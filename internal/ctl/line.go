package ctl

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"

	"io-pkt/internal/qnx"
)

// errTooLong ends a connection: what follows cannot be told from garbage.
var errTooLong = errors.New("line too long")

// readLine reads up to and without the next newline, at most limit bytes. A line
// that is cut off by the end of the stream is an error, not a shorter line: half
// a request must never be carried out.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > limit+1 {
			return nil, errTooLong
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) > 0:
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
}

// parseRequest reads one request and checks it. Its error holds the errno for
// the reply; EPROTO means that the connection must end.
func parseRequest(line []byte) (Request, error) {
	var r Request
	if err := json.Unmarshal(line, &r); err != nil {
		return Request{}, fmt.Errorf("request is not understood: %w: %w", err, syscall.EPROTO)
	}
	if r.Version != Version {
		return Request{}, fmt.Errorf("protocol version %d, want %d: %w", r.Version, Version, syscall.EPROTO)
	}
	if err := r.check(); err != nil {
		return Request{}, err
	}
	return r, nil
}

// parseReply reads one reply. The reply's own errno is no error here.
func parseReply(line []byte) (Reply, error) {
	var r Reply
	if err := json.Unmarshal(line, &r); err != nil {
		return Reply{}, fmt.Errorf("reply is not understood: %w: %w", err, syscall.EPROTO)
	}
	if r.Version != Version {
		return Reply{}, fmt.Errorf("io-pkt speaks protocol version %d, want %d: %w", r.Version, Version, syscall.EPROTO)
	}
	if r.Errno < 0 || r.Errno >= maxErrno {
		return Reply{}, fmt.Errorf("errno %d in a reply: %w", r.Errno, syscall.EPROTO)
	}
	return r, nil
}

// maxErrno is the kernel's MAX_ERRNO: no errno is greater.
const maxErrno = 4096

// ErrorReply makes the reply to a request that failed: the errno inside err, or
// EIO, and its text. For nil it is the empty reply of success.
func ErrorReply(err error) Reply {
	if err == nil {
		return Reply{}
	}
	return Reply{Errno: int(qnx.Errno(err)), Error: err.Error()}
}

// appendReply encodes a reply as a line, whatever its size: one that is over
// MaxReply becomes EMSGSIZE, so that the client learns why.
func appendReply(r Reply) []byte {
	r.Version = Version
	line, err := json.Marshal(r)
	if err == nil && len(line) > MaxReply {
		err = fmt.Errorf("reply of %d bytes: %w", len(line), syscall.EMSGSIZE)
	}
	if err != nil {
		e := ErrorReply(err)
		e.Version = Version
		line, _ = json.Marshal(e) // two numbers and a text always encode
	}
	return append(line, '\n')
}
