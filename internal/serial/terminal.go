// Package serial makes terminals: a program here is at one end, and whoever
// opens the path at the other, as if a modem's serial port were there.
//
// A Terminal lives from Open to Close. In between programs open and close its
// path as often as they like, one after the other or several at once. It is raw
// for each first one of them. It starts no goroutine, and nothing in it blocks:
// what nobody reads is kept, up to a bound, and then the oldest is dropped. Close
// takes the path away; who still has the terminal open gets an error.
package serial

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Backlog is how many bytes are kept that nobody has read yet. What the kernel
// has taken for a program that has the terminal open comes on top of it.
const Backlog = 64 << 10

// A Terminal is a pseudo-terminal with a symbolic link to it. It belongs to one
// goroutine.
//
// Only the master side is held open. So the kernel tells when nobody has the
// other one (POLLHUP), and inotify tells when that may have changed. All of it
// is behind one epoll descriptor, edge-triggered, because a terminal that nobody
// has open is "ready" all the time.
//
// A program that was killed may have left it to itself alone (TIOCEXCL). Who may not
// undo that, without CAP_SYS_ADMIN, can do no more than put another one in its place.
type Terminal struct {
	path   string   // the link
	name   string   // the terminal, /dev/pts/N
	master *os.File // nil when closed
	fd     int      // master's
	notify int      // inotify
	epoll  int

	open    bool   // somebody has it open
	own     int    // openings of ours that inotify is still to tell of
	locked  bool   // nobody has, and nobody can
	backlog []byte // for those who will
}

// Open makes a terminal and a link to it. A link that another process left
// behind when it was killed is replaced; anything else at the path is an error
// that wraps fs.ErrExist.
func Open(path string) (*Terminal, error) {
	t := &Terminal{path: path, notify: -1, epoll: -1}
	if err := t.start(); err != nil {
		_ = t.Close()
		return nil, fmt.Errorf("make a terminal at %s: %w", path, err)
	}
	return t, nil
}

func (t *Terminal) start() (err error) {
	if t.master, t.name, err = openRaw(); err != nil {
		return err
	}
	if t.notify, err = unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK); err != nil {
		return err
	}
	if t.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if err := t.poll(t.notify, unix.EPOLLIN); err != nil {
		return err
	}
	return t.present()
}

// present watches the terminal, and lets the path lead to it.
func (t *Terminal) present() error {
	t.fd = int(t.master.Fd()) // which makes it blocking
	if err := unix.SetNonblock(t.fd, true); err != nil {
		return err
	}
	if _, err := unix.InotifyAddWatch(t.notify, t.name, unix.IN_OPEN|unix.IN_CLOSE); err != nil {
		return err
	}
	if err := t.poll(t.fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLET); err != nil {
		return err
	}
	return link(t.name, t.path)
}

func (t *Terminal) poll(fd int, events uint32) error {
	return unix.EpollCtl(t.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// Path gives the path of the link.
func (t *Terminal) Path() string { return t.path }

// PollFD gives a descriptor for poll(2), and the events that mean that Read has
// something to do: there may be bytes, or room for some. It belongs to the
// terminal. What Read has left when its buffer was full is not announced again.
func (t *Terminal) PollFD() (fd int, events int16) { return t.epoll, unix.POLLIN }

// Read takes what programs have written, at most len(b) bytes; 0 when there is
// nothing now, or b is empty. It must be called when PollFD says so.
func (t *Terminal) Read(b []byte) (int, error) {
	t.look()
	if len(b) == 0 {
		return 0, nil
	}
	n, err := unix.Read(t.fd, b)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return 0, nil
	case errors.Is(err, unix.EIO): // nobody has it open, and all is read
		if t.locked {
			t.replace()
		}
		return 0, nil
	}
	return 0, fmt.Errorf("read %s: %w", t.path, err)
}

// Write gives programs something to read. It takes all of b, and says how many
// bytes it had to drop in return, the oldest that nobody has read.
func (t *Terminal) Write(b []byte) (dropped int) {
	t.look()
	t.backlog = append(t.backlog, b...)
	t.flush()
	if dropped = len(t.backlog) - Backlog; dropped <= 0 {
		return 0
	}
	t.backlog = append(t.backlog[:0], t.backlog[dropped:]...)
	return dropped
}

// look finds out whether somebody has the terminal open. When nobody has, it is
// made raw again: many programs leave their own settings behind.
func (t *Terminal) look() {
	var events [2]unix.EpollEvent
	n, _ := unix.EpollWait(t.epoll, events[:], 0)
	if n <= 0 {
		return
	}
	others := t.openings() - t.own
	t.own = 0
	was := t.open || others > 0 // maybe no longer than between two looks
	t.open = t.inUse()
	if t.open {
		t.locked = false // it is not, or by one who may undo it
	} else {
		_ = makeRaw(t.fd)
		if was {
			t.unlock()
		}
	}
	t.flush()
}

// openings reads inotify empty, and says how often the terminal was opened; what
// counts for the rest is how things are now.
func (t *Terminal) openings() (count int) {
	var b [4096]byte
	for {
		n, err := unix.Read(t.notify, b[:])
		if err != nil || n <= 0 {
			return count
		}
		// Without names, for it is no directory that is watched.
		for e := b[:n]; len(e) >= unix.SizeofInotifyEvent; e = e[unix.SizeofInotifyEvent:] {
			if binary.NativeEndian.Uint32(e[4:])&(unix.IN_OPEN|unix.IN_Q_OVERFLOW) != 0 {
				count++
			}
		}
	}
}

func (t *Terminal) inUse() bool {
	fds := []unix.PollFd{{Fd: int32(t.fd)}}
	_, err := unix.Poll(fds, 0)
	for err == unix.EINTR { // also of a poll that does not wait
		_, err = unix.Poll(fds, 0)
	}
	return err == nil && fds[0].Revents&unix.POLLHUP == 0
}

// flush hands over what there is room for. An echo would come back to us as if
// it had been typed, and be answered, and so on for ever.
func (t *Terminal) flush() {
	if !t.open || len(t.backlog) == 0 {
		return
	}
	noEcho(t.fd)
	for len(t.backlog) > 0 {
		n, err := unix.Write(t.fd, t.backlog)
		if err != nil || n <= 0 {
			return // no room, or nobody any more
		}
		t.backlog = append(t.backlog[:0], t.backlog[n:]...)
	}
}

// Close takes the terminal away. It may be called more than once.
func (t *Terminal) Close() error {
	if t.master == nil {
		return nil
	}
	err := unlink(t.name, t.path)
	for _, fd := range []int{t.epoll, t.notify} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	if closeErr := t.master.Close(); err == nil {
		err = closeErr
	}
	t.master = nil
	return err
}
