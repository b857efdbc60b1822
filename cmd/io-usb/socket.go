package main

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

// maxSocketPath is what fits into a sockaddr_un with its NUL.
const maxSocketPath = 107

// A place is a file that was made, and is to be removed again.
type place struct {
	path string
	info fs.FileInfo
}

func at(path string) (place, error) {
	info, err := os.Lstat(path)
	return place{path, info}, err
}

// remove removes the file, unless another has its path by now.
func (p place) remove() {
	if info, err := os.Lstat(p.path); err == nil && os.SameFile(info, p.info) && info.ModTime().Equal(p.info.ModTime()) {
		_ = os.Remove(p.path)
	}
}

// A socket is a listening unix socket, the file that names it, and the
// directories that were made for that.
type socket struct {
	*net.UnixListener
	file place
	dirs []string
}

// listen makes the socket, and the directory it is in. What an io-usb left that
// has ended is replaced; the error is EADDRINUSE when one runs.
func listen(path string) (*socket, error) {
	s, err := listenAt(path)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", path, err)
	}
	return s, nil
}

func listenAt(path string) (*socket, error) {
	if len(path) > maxSocketPath {
		return nil, unix.ENAMETOOLONG
	}
	dirs := missing(filepath.Dir(path))
	unlock, err := makeRoom(path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // Close looks first whether it is still this one
	file, err := at(path)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &socket{l, file, dirs}, nil
}

// Close stops listening and removes what was made.
func (s *socket) Close() error {
	s.file.remove()
	removeEmpty(s.dirs)
	return s.UnixListener.Close()
}

// makeRoom makes the directory of path, and removes from path what an io-usb has
// left there: a link, or a socket that nobody listens on. Until unlock nobody
// else makes room in that directory.
func makeRoom(path string) (unlock func(), err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	// Two that start at once could each take the other's new socket for an old
	// one. Anybody who can read the directory may hold the lock, so it is waited
	// for a moment only: without it nothing worse than that can happen.
	for range 20 {
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := removeOld(path); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

func removeOld(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return os.Remove(path)
	case info.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("it is not a socket: %w", unix.EEXIST)
	}
	conn, err := net.Dial("unix", path)
	switch {
	case err == nil:
		_ = conn.Close()
		return unix.EADDRINUSE
	case errors.Is(err, unix.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, unix.EAGAIN): // too many wait to be accepted
		return unix.EADDRINUSE
	}
	return err
}
