package main

import (
	"slices"
	"strings"
	"testing"
)

func TestTakeLong(t *testing.T) {
	for _, tt := range []struct {
		line       string
		rest       string
		foreground bool
		done       bool
		shows      string // on standard output
		fails      bool
	}{
		{line: "io-pkt -d ecm", rest: "io-pkt -d ecm"},
		{line: "io-pkt", rest: "io-pkt"},
		{line: "io-pkt --foreground -d ecm verbose", rest: "io-pkt -d ecm verbose", foreground: true},
		{line: "io-pkt -d ecm --foreground", rest: "io-pkt -d ecm --foreground"},
		{line: "io-pkt -- --help", rest: "io-pkt -- --help"},
		{line: "io-pkt --help", rest: "io-pkt", done: true, shows: "--foreground"},
		{line: "io-pkt --version -d ecm", rest: "io-pkt -d ecm", done: true, shows: version},
		{line: "io-pkt --nonsense", fails: true},
	} {
		t.Run(tt.line, func(t *testing.T) {
			var out strings.Builder
			l, rest, err := takeLong(strings.Fields(tt.line), &out)
			if (err != nil) != tt.fails {
				t.Fatalf("error %v, want one: %v", err, tt.fails)
			}
			if tt.fails {
				return
			}
			if got := strings.Join(rest, " "); got != tt.rest {
				t.Errorf("rest %q, want %q", got, tt.rest)
			}
			if l.Foreground != tt.foreground || l.done != tt.done {
				t.Errorf("foreground %v, done %v, want %v, %v", l.Foreground, l.done, tt.foreground, tt.done)
			}
			if !strings.Contains(out.String(), tt.shows) || (tt.shows == "") != (out.Len() == 0) {
				t.Errorf("it shows %q, want %q in it", out.String(), tt.shows)
			}
		})
	}
}

// A line that is broken ends with a message, before anything is begun.
func TestRunRefuses(t *testing.T) {
	var out, err strings.Builder
	if status := run([]string{"/bin/io-pkt-v4", "--nonsense"}, &out, &err); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	if got, want := err.String(), "io-pkt-v4: unknown flag --nonsense\n"; got != want || out.Len() > 0 {
		t.Errorf("it says %q and %q, want %q and nothing", got, out.String(), want)
	}
}

// --help says of those options that they do nothing of which the log says so.
func TestHelpNamesIdleOptions(t *testing.T) {
	var idle []string
	for i, letter := range letters {
		if letter == ':' || letter == 'd' || letter == 'p' {
			continue
		}
		a := arguments{flags: map[byte]bool{byte(letter): true}}
		if strings.HasPrefix(letters[i+1:], ":") {
			a = arguments{values: map[byte]string{byte(letter): "1"}}
		}
		if len(a.idleLetters()) > 0 {
			idle = append(idle, "-"+string(letter))
		}
	}
	slices.Sort(idle)
	_, line, _ := strings.Cut(description, "standard error\n\n")
	line, named := strings.CutSuffix(line, " are accepted and do nothing.")
	if got := strings.Fields(line); !named || !slices.Equal(got, idle) {
		t.Errorf("got %q, want %q", got, idle)
	}
}
