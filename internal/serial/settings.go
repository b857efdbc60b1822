package serial

import (
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// group owns serial ports on Linux. A modem's AT channel unlocks SIMs, sends
// messages and spends money, so it is not for everybody.
const group = "dialout"

// Modes of the terminal, with that group and without.
const (
	modeGroup = 0o660
	modeOwner = 0o600
)

// permit says who may open the terminal. In a user namespace the group may not
// be there to be given.
func permit(slave *os.File) error {
	if g, err := user.LookupGroup(group); err == nil {
		if id, err := strconv.Atoi(g.Gid); err == nil && slave.Chown(-1, id) == nil {
			return slave.Chmod(modeGroup)
		}
	}
	return slave.Chmod(modeOwner)
}

// makeRaw makes a terminal a clear line of 8 bits (termios(3), cfmakeraw), by
// its master: bytes pass as they are, and read(2) waits for one.
func makeRaw(fd int) error {
	t := unix.Termios{
		Cflag: unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200,
		// What TCGETS shows of the speed; stty asks.
		Ispeed: unix.B115200, Ospeed: unix.B115200,
	}
	t.Cc[unix.VMIN] = 1
	return unix.IoctlSetTermios(fd, unix.TCSETS, &t)
}

// noEcho turns off the echo if a program has turned it on.
func noEcho(fd int) {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil || t.Lflag&unix.ECHO == 0 {
		return
	}
	t.Lflag &^= unix.ECHO
	_ = unix.IoctlSetTermios(fd, unix.TCSETS, t)
}

// unlock undoes what else a program may have left behind: the terminal for
// itself only (TIOCEXCL), or stopped. Those need an end of the other side.
func unlock(name string) {
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	_ = unix.IoctlSetInt(fd, unix.TIOCNXCL, 0)
	_ = unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOON)
}
