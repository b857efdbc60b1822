package slog

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// socketMode lets everybody log and read, as /dev/slog on QNX.
const socketMode = 0o666

// maxSocketPath is what fits into a sockaddr_un with its NUL.
const maxSocketPath = 107

// A socketFile is a listening unix socket and the file that names it.
type socketFile struct {
	*net.UnixListener
	path string
	info fs.FileInfo
}

// listen makes the socket, and the directory above it when it is missing. A
// socket that nobody listens on any more is replaced. The error is EADDRINUSE
// when somebody does, EEXIST when path is not a socket.
func listen(path string) (*socketFile, error) {
	if len(path) > maxSocketPath {
		return nil, unix.ENAMETOOLONG
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	unlock := lockDir(dir)
	defer unlock()
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		return nil, err
	}
	// Close looks first whether the file is still this one.
	l.SetUnlinkOnClose(false)
	info, err := os.Lstat(path)
	if err == nil {
		err = os.Chmod(path, socketMode)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &socketFile{l, path, info}, nil
}

// Close stops listening and removes the file, unless another has its place.
func (s *socketFile) Close() error {
	if s.there() {
		_ = os.Remove(s.path)
	}
	return s.UnixListener.Close()
}

// there says that the file is still this one.
func (s *socketFile) there() bool {
	info, err := os.Lstat(s.path)
	return err == nil && os.SameFile(info, s.info)
}

// removeStale removes a socket that nobody listens on.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("%s is not a socket: %w", path, unix.EEXIST)
	}
	conn, err := net.Dial("unix", path)
	switch {
	case err == nil:
		conn.Close()
		return unix.EADDRINUSE
	case errors.Is(err, unix.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, unix.EAGAIN): // its backlog is full
		return unix.EADDRINUSE
	}
	return err
}

// lockDir keeps two servers that start at once from taking each other's new
// socket for a stale one. Anybody may lock a directory that he can read, so the
// lock is only waited for a moment: without it nothing worse than that can
// happen.
func lockDir(dir string) (unlock func()) {
	f, err := os.Open(dir)
	if err != nil {
		return func() {}
	}
	for range 20 {
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != unix.EWOULDBLOCK {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return func() { f.Close() }
}
