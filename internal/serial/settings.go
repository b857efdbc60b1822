package serial

import (
	"os"
	"os/user"
	"strconv"

	"github.com/creack/pty"
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

// openRaw makes a terminal that is raw and may be opened by whom it is for.
func openRaw() (master *os.File, name string, err error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, "", err
	}
	defer slave.Close()
	if err = makeRaw(int(master.Fd())); err == nil {
		err = permit(slave)
	}
	if err != nil {
		_ = master.Close()
		return nil, "", err
	}
	return master, slave.Name(), nil
}

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
