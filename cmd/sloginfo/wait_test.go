package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"

	"io-pkt/slog"
)

// follower starts sloginfo and gives its output.
func follower(t *testing.T, prefix string, args ...string) (cmd *exec.Cmd, out *bufio.Reader, stderr *strings.Builder) {
	t.Helper()
	cmd = exec.Command(binary, args...)
	cmd.Env = []string{"TZ=UTC", "SOCK=" + prefix}
	stderr = &strings.Builder{}
	cmd.Stderr = stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd, bufio.NewReader(pipe), stderr
}

func expect(t *testing.T, out *bufio.Reader, want string) {
	t.Helper()
	if got, err := out.ReadString('\n'); got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func TestWait(t *testing.T) {
	server, prefix := newLog(t)
	tcpip := slog.NewCode(slog.TCPIP, 0)
	server.Log(tcpip, slog.Info, "before")
	cmd, out, stderr := follower(t, prefix, "-t", "-c", "-w", "-s", "5")
	expect(t, out, "Time                 Sev Major Minor Args\n")
	expect(t, out, "Jan 01 00:00:05.123    5    14     0 before\n")
	for i := range 100 {
		server.Log(tcpip, slog.Debug1, "not this")
		server.Log(tcpip, slog.Info, fmt.Sprint(i))
		expect(t, out, fmt.Sprintf("Jan 01 00:00:05.123    5    14     0 %d\n", i))
	}
	server.Log(tcpip, slog.Info, "last")
	server.Close()
	rest, err := io.ReadAll(out)
	if want := "Jan 01 00:00:05.123    5    14     0 last\n"; string(rest) != want || err != nil {
		t.Errorf("rest: %q, %v", rest, err)
	}
	_ = cmd.Wait()
	want := "Unable to read " + slog.Path(prefix) + " - Connection reset by peer\n"
	if got := cmd.ProcessState.ExitCode(); got != exitError || stderr.String() != want {
		t.Errorf("status %d, stderr %q; want %d, %q", got, stderr, exitError, want)
	}
}

// Whoever stops reading is told how many lines are not there.
func TestWaitOverrun(t *testing.T) {
	server, prefix := newLog(t)
	server.Log(0, slog.Info, "x")
	cmd, out, stderr := follower(t, prefix, "-w", "-m1")
	expect(t, out, header)
	const n = 20000
	server.Log(slog.NewCode(1, 0), slog.Info, "0")
	expect(t, out, "Jan 01 00:00:05    5     1     0 0\n")
	pad := strings.Repeat(".", 100)
	for range n {
		server.Log(slog.NewCode(1, 0), slog.Info, pad)
	}
	var closing sync.WaitGroup
	closing.Go(func() { server.Close() }) // it lets the follower have the rest
	lines := 0
	for s := bufio.NewScanner(out); s.Scan(); lines++ {
	}
	closing.Wait()
	_ = cmd.Wait()
	missed := 0
	for line := range strings.Lines(stderr.String()) {
		var m int
		if _, err := fmt.Sscanf(line, "sloginfo: %d events were dropped before they could be read", &m); err == nil {
			missed += m
		}
	}
	if missed == 0 || lines+missed != n {
		t.Errorf("%d lines, %d missed, of %d; stderr %q", lines, missed, n, stderr)
	}
}

// A text cannot take over the terminal it is shown on.
func TestTerminal(t *testing.T) {
	server, prefix := newLog(t)
	server.Log(slog.NewCode(1, 0), slog.Info, "\x1b]0;title\x07")
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "TZ=UTC", "SOCK="+prefix)
	tty, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	got, _ := io.ReadAll(tty) // ends with EIO
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if want := `5     1     0 \x1b]0;title\x07`; !strings.Contains(string(got), want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}
