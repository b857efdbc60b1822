package usbip

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// errAgain says that the socket has nothing to give, or no room, right now.
var errAgain = errors.New("try again")

// A socket reads and writes a connection without waiting, and without an
// allocation per call. Read and write may be called by two goroutines at once,
// but each by only one.
type socket struct {
	raw syscall.RawConn

	readBuf  []byte
	readN    int
	readErr  error
	readOnce func(fd uintptr) bool

	writeBuf  []byte
	writeN    int
	writeErr  error
	writeOnce func(fd uintptr) bool
}

// newSocket takes a TCP or unix connection, which stays the caller's to close.
func newSocket(conn net.Conn) (*socket, error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%T has no descriptor", conn)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{raw: raw}
	s.readOnce = func(fd uintptr) bool {
		s.readN, s.readErr = unix.Read(int(fd), s.readBuf)
		return true
	}
	s.writeOnce = func(fd uintptr) bool {
		s.writeN, s.writeErr = unix.Write(int(fd), s.writeBuf)
		return true
	}
	return s, nil
}

// fd gives the descriptor, for poll(2) while the connection is open.
func (s *socket) fd() (fd int, err error) {
	err = s.raw.Control(func(f uintptr) { fd = int(f) })
	return fd, err
}

// read reads what is there. It fails with errAgain when that is nothing and
// with io.EOF at the end.
func (s *socket) read(b []byte) (int, error) {
	s.readBuf = b
	err := s.raw.Read(s.readOnce)
	s.readBuf = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(s.readErr, unix.EAGAIN) || errors.Is(s.readErr, unix.EINTR):
		return 0, errAgain
	case s.readErr != nil:
		return 0, s.readErr
	case s.readN == 0:
		return 0, io.EOF
	}
	return s.readN, nil
}

// write writes what fits. It fails with errAgain when that is nothing.
func (s *socket) write(b []byte) (int, error) {
	s.writeBuf = b
	err := s.raw.Write(s.writeOnce)
	s.writeBuf = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(s.writeErr, unix.EAGAIN) || errors.Is(s.writeErr, unix.EINTR):
		return 0, errAgain
	case s.writeErr != nil:
		return 0, s.writeErr
	}
	return s.writeN, nil
}
