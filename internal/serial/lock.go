package serial

import (
	"errors"

	"golang.org/x/sys/unix"
)

// unlock undoes what else a program may have left behind: the terminal for itself
// only (TIOCEXCL), or stopped. Those need an end of the other side, which in the
// first case only CAP_SYS_ADMIN gets.
func (t *Terminal) unlock() {
	fd, err := unix.Open(t.name, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	t.locked = errors.Is(err, unix.EBUSY)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	t.own = 1
	_ = unix.IoctlSetInt(fd, unix.TIOCNXCL, 0)
	_ = unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOON)
}

// replace puts another terminal in the place of one that nobody can open. When there
// is none to be had, it is tried again.
func (t *Terminal) replace() {
	if t.inUse() || !leads(t.path, t.name) {
		return
	}
	old := *t
	var err error
	if t.master, t.name, err = openRaw(); err == nil {
		if err = t.present(); err != nil {
			_ = t.master.Close()
		}
	}
	if err != nil {
		*t = old
		return
	}
	t.locked = false
	_ = old.master.Close()
}
