package serial

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests.
const patience = 20 * time.Second

func open(t *testing.T) *Terminal {
	t.Helper()
	term, err := Open(filepath.Join(t.TempDir(), "serecm0"))
	if err != nil {
		if os.Getenv("CI") != "true" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)) {
			t.Skipf("no terminals here: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := term.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return term
}

// program opens the terminal as a user's does.
func program(t *testing.T, term *Terminal) *os.File {
	t.Helper()
	f, err := os.OpenFile(term.path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// until waits for the terminal's events until done says so; each time it reads.
func until(t *testing.T, term *Terminal, done func(read []byte) bool) {
	t.Helper()
	var got []byte
	buf := make([]byte, 1000)
	fd, events := term.PollFD()
	for end := time.Now().Add(patience); ; {
		n, err := term.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, buf[:n]...); done(got) {
			return
		}
		if n > 0 {
			continue
		}
		left := time.Until(end)
		if left <= 0 {
			t.Fatalf("never happened; read so far: %q", got)
		}
		_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, int(left.Milliseconds()))
	}
}

// read waits for exactly these bytes.
func read(t *testing.T, term *Terminal, want string) {
	t.Helper()
	until(t, term, func(got []byte) bool {
		if !strings.HasPrefix(want, string(got)) {
			t.Fatalf("read %q, want %q", got, want)
		}
		return len(got) == len(want)
	})
}

// expect reads exactly these bytes as a user.
func expect(t *testing.T, f *os.File, want string) {
	t.Helper()
	_ = f.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(want))
	if n, err := io.ReadFull(f, got); err != nil || string(got) != want {
		t.Fatalf("a user reads %q, %v; want %q", got[:n], err, want)
	}
}

func TestBytesPassAsTheyAre(t *testing.T) {
	term := open(t)
	f := program(t, term)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	if _, err := f.Write(all); err != nil {
		t.Fatal(err)
	}
	read(t, term, string(all))
	if n := term.Write(all); n != 0 {
		t.Errorf("%d bytes dropped", n)
	}
	expect(t, f, string(all))
}

// What is written before anybody looks is there for the first one who does; what
// the one before has left unread, for the next.
func TestProgramsInTurn(t *testing.T) {
	term := open(t)
	term.Write([]byte("first\r\n"))
	for range 100 {
		f := program(t, term)
		if _, err := f.WriteString("AT\r"); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		read(t, term, "AT\r")
		term.Write([]byte("OK\r\n"))
	}
	f := program(t, term)
	until(t, term, func([]byte) bool { return len(term.backlog) == 0 })
	expect(t, f, "first\r\n"+strings.Repeat("OK\r\n", 100))
}

// The shell's own means are enough.
func TestShell(t *testing.T) {
	term := open(t)
	cmd := exec.Command("sh", "-c", `echo AT > "$0"; head -n 1 "$0"`, term.path)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read(t, term, "AT\n")
	term.Write([]byte("OK\n"))
	until(t, term, func([]byte) bool { return len(term.backlog) == 0 })
	if err := cmd.Wait(); err != nil || out.String() != "OK\n" {
		t.Errorf("the shell printed %q, %v", out.String(), err)
	}
}

// Nobody reads: nothing blocks, and the newest is what is kept.
func TestNobodyReads(t *testing.T) {
	for _, tt := range []struct {
		name string
		open bool
	}{{"it is not open", false}, {"it is open", true}} {
		t.Run(tt.name, func(t *testing.T) {
			term := open(t)
			if tt.open {
				program(t, term)
			}
			line := []byte(strings.Repeat("x", 999) + "\n")
			dropped := 0
			for range 1000 {
				dropped += term.Write(line)
			}
			if len(term.backlog) != Backlog || cap(term.backlog) > 4*Backlog {
				t.Errorf("%d bytes kept, room for %d", len(term.backlog), cap(term.backlog))
			}
			if taken := 1000*1000 - dropped - Backlog; taken < 0 || tt.open != (taken > 0) {
				t.Errorf("%d bytes dropped: %d unaccounted for", dropped, taken)
			}
			term.Write([]byte("the end"))
			if !bytes.HasSuffix(term.backlog, []byte("the end")) {
				t.Error("the newest is not kept")
			}
		})
	}
}

// A reader that is slow gets all of it.
func TestSlowReader(t *testing.T) {
	term := open(t)
	f := program(t, term)
	want := strings.Repeat("0123456789abcdef", Backlog/16)
	if n := term.Write([]byte(want)); n != 0 {
		t.Fatalf("%d bytes dropped", n)
	}
	got := make(chan string, 1)
	go func() {
		b := make([]byte, len(want))
		n, _ := io.ReadFull(f, b)
		got <- string(b[:n])
	}()
	until(t, term, func([]byte) bool { return len(term.backlog) == 0 })
	if s := <-got; s != want {
		t.Errorf("a user reads %d bytes of %d", len(s), len(want))
	}
}

func settings(t *testing.T, f *os.File) *unix.Termios {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Each first user finds the terminal raw, whatever the last one did to it.
func TestRawForEachFirstUser(t *testing.T) {
	term := open(t)
	f := program(t, term)
	raw := *settings(t, f)
	if raw.Lflag != 0 || raw.Oflag != 0 || raw.Iflag != 0 || raw.Cc[unix.VMIN] != 1 {
		t.Errorf("not raw: %+v", raw)
	}
	until(t, term, func([]byte) bool { return term.open })
	cooked := raw
	cooked.Lflag |= unix.ICANON | unix.ECHO
	cooked.Cc[unix.VMIN] = 0
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &cooked); err != nil {
		t.Fatal(err)
	}
	for _, request := range []uint{unix.TIOCEXCL, unix.TCXONC} { // 0 is TCOOFF
		if err := unix.IoctlSetInt(int(f.Fd()), request, 0); err != nil {
			t.Fatal(err)
		}
	}
	// As long as it is open it is as the user wants it, but for the echo.
	term.Write([]byte("OK\n"))
	if now := *settings(t, f); now.Lflag&unix.ICANON == 0 || now.Cc[unix.VMIN] != 0 {
		t.Errorf("the settings changed under the user: %+v", now)
	}
	_ = f.Close()
	until(t, term, func([]byte) bool { return !term.open })

	f = program(t, term)
	if now := *settings(t, f); now != raw {
		t.Errorf("not raw again: %+v, want %+v", now, raw)
	}
	if on, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGEXCL); err != nil || on != 0 {
		t.Errorf("it is exclusive: %d, %v", on, err)
	}
	_ = f.SetWriteDeadline(time.Now().Add(patience))
	if _, err := f.WriteString("AT\r"); err != nil {
		t.Errorf("it is stopped: %v", err)
	}
	read(t, term, "AT\r")
}

// An echo would be an endless conversation of the modem with itself.
func TestNoEcho(t *testing.T) {
	term := open(t)
	f := program(t, term)
	until(t, term, func([]byte) bool { return term.open })
	echo := *settings(t, f)
	echo.Lflag |= unix.ECHO
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &echo); err != nil {
		t.Fatal(err)
	}
	term.Write([]byte("OK\n"))
	expect(t, f, "OK\n") // so an echo of it would be on its way by now, before
	if _, err := f.WriteString("AT\r"); err != nil {
		t.Fatal(err)
	}
	read(t, term, "AT\r")
}

// A hangup, as getty makes one, ends the users' descriptors, not the terminal.
func TestHangup(t *testing.T) {
	term := open(t)
	f := program(t, term)
	const tiocvhangup = 0x5437
	if err := unix.IoctlSetInt(int(f.Fd()), tiocvhangup, 0); err != nil {
		t.Skipf("no right to hang up: %v", err)
	}
	_ = f.Close() // its end: it reads and writes nothing any more
	until(t, term, func([]byte) bool { return !term.open })
	f = program(t, term)
	if _, err := f.WriteString("AT\r"); err != nil {
		t.Fatal(err)
	}
	read(t, term, "AT\r")
	term.Write([]byte("OK\r\n"))
	expect(t, f, "OK\r\n")
}

func TestClose(t *testing.T) {
	term := open(t)
	f := program(t, term)
	ended := make(chan error, 1)
	go func() {
		_, err := f.Read(make([]byte, 1))
		ended <- err
	}()
	for range 2 {
		if err := term.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a user reads on")
		}
	case <-time.After(patience):
		t.Error("a user still waits")
	}
	for _, path := range []string{term.path, term.name} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
}

func TestMode(t *testing.T) {
	term := open(t)
	info, err := os.Stat(term.path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != modeGroup && mode != modeOwner {
		t.Errorf("mode %v", mode)
	}
}
