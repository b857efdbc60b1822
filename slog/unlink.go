package slog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// An unlinkWatch sees a file disappear from its directory.
type unlinkWatch struct {
	*os.File
	dir, name string
}

// watchUnlink begins to watch. The kernel may have no more watches to give.
func watchUnlink(path string) (*unlinkWatch, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, err
	}
	w := &unlinkWatch{dir: filepath.Dir(path), name: filepath.Base(path)}
	if err := w.look(fd); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	w.File = os.NewFile(uintptr(fd), "inotify")
	return w, nil
}

func (w *unlinkWatch) look(fd int) error {
	_, err := unix.InotifyAddWatch(fd, w.dir, unix.IN_DELETE|unix.IN_MOVED_FROM|unix.IN_MOVE_SELF|unix.IN_ONLYDIR)
	return err
}

// again watches the directory, which may be another one by now.
func (w *unlinkWatch) again() error {
	conn, err := w.SyscallConn()
	if err != nil {
		return err
	}
	var looking error
	err = conn.Control(func(fd uintptr) { looking = w.look(int(fd)) })
	return errors.Join(err, looking)
}

// wait waits until the file, or one of its name, has been removed or renamed, or its
// directory has. It gives false when the watch is closed.
func (w *unlinkWatch) wait() bool {
	var buf [16 * (unix.SizeofInotifyEvent + unix.NAME_MAX + 1)]byte
	for {
		n, err := w.Read(buf[:])
		if err != nil {
			return false
		}
		for b := buf[:n]; len(b) >= unix.SizeofInotifyEvent; {
			// The event's mask and the length of its name, which NULs end (inotify(7)).
			mask, length := binary.NativeEndian.Uint32(b[4:]), binary.NativeEndian.Uint32(b[12:])
			end := min(unix.SizeofInotifyEvent+int(length), len(b))
			name, _, _ := bytes.Cut(b[unix.SizeofInotifyEvent:end], []byte{0})
			if string(name) == w.name || mask&(unix.IN_Q_OVERFLOW|unix.IN_MOVE_SELF|unix.IN_IGNORED) != 0 {
				return true
			}
			b = b[end:]
		}
	}
}

// watchSocket does what QNX's slogger does when somebody removes /dev/slog: it
// empties the log, and is there for others as before. Clients stay connected. It
// ends when the watch is closed, or when the socket cannot be made again: by a
// slogger that has become another user, or because another has taken its place.
func (s *Server) watchSocket(w *unlinkWatch) {
	defer w.Close()
	for w.wait() {
		s.mu.Lock()
		old := s.socket
		s.mu.Unlock()
		if old.there() {
			continue
		}
		s.ring.clear(s.ring.newest())
		socket, err := listen(old.path)
		if err != nil {
			return
		}
		unwatched := w.again()
		s.mu.Lock()
		closed := s.closed
		if !closed {
			s.socket = socket
		}
		s.mu.Unlock()
		if closed {
			_ = socket.Close()
			return
		}
		_ = old.Close() // ends its accept
		s.talkers.Go(func() { s.accept(socket) })
		if unwatched != nil {
			return // the socket serves, as where there was no watch from the start
		}
	}
}
