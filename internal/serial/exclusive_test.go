package serial

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/proctest"
)

// withoutAdmin takes CAP_SYS_ADMIN away from the test's thread, until its end.
func withoutAdmin(t *testing.T) {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var had, has [2]unix.CapUserData // of 32 capabilities each
	if err := unix.Capget(&header, &had[0]); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	has = had
	has[0].Effective &^= 1 << unix.CAP_SYS_ADMIN
	if err := unix.Capset(&header, &has[0]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Capset(&header, &had[0]); err != nil {
			t.Fatal(err) // the thread stays locked, and ends
		}
		runtime.UnlockOSThread()
	})
}

// leave is a program that writes something, has the terminal for itself alone, and
// is killed; maybe before it is seen to have it open.
func leave(t *testing.T, term *Terminal, seen bool, text string) {
	t.Helper()
	f := program(t, term)
	if seen {
		until(t, term, func([]byte) bool { return term.open })
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetInt(int(f.Fd()), unix.TIOCEXCL, 0); err != nil {
		t.Fatal(err)
	}
	if again, err := os.OpenFile(term.path, os.O_RDWR|unix.O_NOCTTY, 0); !errors.Is(err, unix.EBUSY) {
		_ = again.Close()
		t.Fatalf("exclusive, and opened once more: %v", err)
	}
	_ = f.Close()
}

// TestExclusive: what a program leaves to itself alone is there for the next, also
// without the right to open it, and nothing is lost.
func TestExclusive(t *testing.T) {
	withoutAdmin(t)
	term := open(t)
	before := proctest.Descriptors(t)
	for _, seen := range []bool{true, false, false, true} {
		leave(t, term, seen, "ATD\r")
		term.Write([]byte("NO CARRIER\r\n"))
		read(t, term, "ATD\r")
		old := term.name
		until(t, term, func([]byte) bool { return term.name != old })
		if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the old one is left: %v", err)
		}

		f := program(t, term)
		if _, err := f.WriteString("AT\r"); err != nil {
			t.Fatal(err)
		}
		read(t, term, "AT\r")
		term.Write([]byte("OK\r\n"))
		expect(t, f, "NO CARRIER\r\nOK\r\n")
		_ = f.Close()
		until(t, term, func([]byte) bool { return !term.open })
	}
	if after := proctest.Descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after it", before, after)
	}
}

// A link that is somebody else's by now stays his.
func TestExclusiveForeignLink(t *testing.T) {
	withoutAdmin(t)
	term := open(t)
	leave(t, term, true, "AT\r")
	if err := os.Remove(term.path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/pts/ptmx", term.path); err != nil {
		t.Fatal(err)
	}
	read(t, term, "AT\r")
	if n, err := term.Read(make([]byte, 1)); n != 0 || err != nil || !term.locked {
		t.Errorf("got %d, %v, locked %v", n, err, term.locked)
	}
	if !leads(term.path, "/dev/pts/ptmx") {
		t.Error("the link leads elsewhere")
	}
}

// A look at what has changed is no change: looking comes to an end.
func TestQuiet(t *testing.T) {
	term := open(t)
	_ = program(t, term).Close()
	fd, events := term.PollFD()
	for range 10 {
		if _, err := term.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, 0); n == 0 && err == nil {
			return
		}
	}
	t.Error("there is always something new")
}
