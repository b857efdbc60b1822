package script

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// sessionTime is how long a session waits for what it expects.
const sessionTime = 30 * time.Second

// cmdSession runs a program on a terminal and does what a person would, after a
// transcript: session transcript picocom -q /dev/serecm0
//
// Each line of the transcript says who speaks: "> TEXT" is typed and followed by
// Return, "^X" is typed as Ctrl-X, "< TEXT" is waited for. The program must end by
// itself, and well.
func cmdSession(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: session transcript program [args...]")
	}
	cmd := exec.Command(lookPath(ts, args[1]), args[2:]...)
	cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"), "TERM=dumb")
	terminal, err := pty.Start(cmd)
	ts.Check(err)
	defer terminal.Close()
	s := &session{ts: ts, terminal: terminal, shown: make(chan string, 1024)}
	go s.watch()
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		s.step(strings.TrimSuffix(line, "\n"))
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		ts.Check(err)
	case <-time.After(sessionTime):
		_ = cmd.Process.Kill()
		<-ended
		ts.Fatalf("%s does not end; it showed %q", args[1], s.seen)
	}
}

// A session is a program on a terminal.
type session struct {
	ts       *testscript.TestScript
	terminal *os.File
	shown    chan string
	seen     string // since what was expected last
}

// watch reads what the program shows. It ends with the program.
func (s *session) watch() {
	defer close(s.shown)
	for r := bufio.NewReader(s.terminal); ; {
		b, err := r.ReadByte()
		if err != nil {
			return
		}
		s.shown <- string(b)
	}
}

func (s *session) step(line string) {
	text := line[min(2, len(line)):]
	switch {
	case strings.HasPrefix(line, "> "):
		s.typeIn(text + "\r")
	case strings.HasPrefix(line, "^") && len(line) == 2:
		s.typeIn(string(line[1] & 0x1f))
	case strings.HasPrefix(line, "< "):
		s.expect(text)
	case line != "":
		s.ts.Fatalf("bad line in the transcript: %s", strconv.Quote(line))
	}
}

func (s *session) typeIn(text string) {
	_, err := s.terminal.WriteString(text)
	s.ts.Check(err)
}

func (s *session) expect(text string) {
	late := time.After(sessionTime)
	for !strings.Contains(s.seen, text) {
		select {
		case b, ok := <-s.shown:
			if !ok {
				s.ts.Fatalf("it ended, and did not show %q but %q", text, s.seen)
			}
			s.seen += b
		case <-late:
			s.ts.Fatalf("it does not show %q but %q", text, s.seen)
		}
	}
	_, s.seen, _ = strings.Cut(s.seen, text)
}
