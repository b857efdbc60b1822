package ecmdrv

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// commands cuts what is typed, in pieces of a size, into commands; "!" stands for
// one that is too long.
func (r *commandReader) all(typed []byte, size int) (list []string) {
	for len(typed) > 0 {
		piece := typed[:min(size, len(typed))]
		typed = typed[len(piece):]
		for len(piece) > 0 {
			command, rest, err := r.take(piece)
			piece = rest
			switch {
			case errors.Is(err, errCommandLong):
				list = append(list, "!")
			case command != nil:
				list = append(list, string(command))
			}
		}
	}
	return list
}

func TestCommandReader(t *testing.T) {
	for _, tt := range []struct {
		name, typed string
		want        []string
	}{
		{"CR", "AT\r", []string{"AT\r"}},
		{"LF", "AT\n", []string{"AT\r"}},
		{"CR LF", "AT\r\nATI\r\n", []string{"AT\r", "ATI\r"}},
		{"an empty line", "\r\n\r\n\n", []string{"\r", "\r", "\r"}},
		{"no end", "AT", nil},
		{"a message", "AT+CMGS=1\rHello\rthere\x1a", []string{"AT+CMGS=1\r", "Hello\r", "there\x1a"}},
		{"no message after all", "Hel\x1bAT\r", []string{"Hel\x1b", "AT\r"}},
		{"any byte", "\x00\x08\xff \t\r", []string{"\x00\x08\xff \t\r"}},
		{"as long as the buffer", "1234567\r", []string{"1234567\r"}},
		{"longer", "12345678\rAT\r", []string{"!", "AT\r"}},
		{"much longer", strings.Repeat("x", 1000) + "\nAT\n", []string{"!", "AT\r"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limit := 8
			if tt.name == "a message" {
				limit = 100
			}
			for _, size := range []int{1, 3, len(tt.typed)} {
				r := commandReader{limit: limit}
				if diff := cmp.Diff(tt.want, r.all([]byte(tt.typed), size)); diff != "" {
					t.Errorf("in pieces of %d (-want +got):\n%s", size, diff)
				}
			}
		})
	}
}

func FuzzCommandReader(f *testing.F) {
	f.Add([]byte("AT\r\nAT+CMGS=1\rx\x1a\x1b\n\n"), 8, 3)
	f.Add([]byte("\r\r\n123456789\r"), 1, 1)
	f.Fuzz(func(t *testing.T, typed []byte, limit, size int) {
		if limit < 1 || limit > 65535 || size < 1 {
			return
		}
		pieces, whole := commandReader{limit: limit}, commandReader{limit: limit}
		list := pieces.all(typed, size)
		if diff := cmp.Diff(whole.all(typed, len(typed)+1), list); diff != "" {
			t.Errorf("pieces of %d make a difference:\n%s", size, diff)
		}
		if len(pieces.line) > limit {
			t.Errorf("%d bytes are kept", len(pieces.line))
		}
		for _, c := range list {
			if len(c) > limit || c != "!" && strings.IndexAny(c, "\r\n\x1a\x1b") != len(c)-1 {
				t.Errorf("command %q", c)
			}
		}
		// But for what is too long nothing is lost.
		if bytes.ContainsAny(typed, "\r\n") || len(typed) > limit {
			return
		}
		if got := strings.Join(list, "") + string(pieces.line); got != string(typed) {
			t.Errorf("%q came out as %q", typed, got)
		}
	})
}

func TestResultReader(t *testing.T) {
	for _, tt := range []struct {
		said string
		want bool
	}{
		{"\r\nOK\r\n", true}, {"AT\r\r\nOK\r\n", true}, {"\r\nERROR\r\n", true}, {"0\r", true}, {"4\r", true},
		{"\r\n+CME ERROR: SIM PIN required\r\n", true}, {"\r\n+CMS ERROR: 500\r\n", true},
		{"\r\nNO CARRIER\r\n", true}, {"\r\nCONNECT 150000000\r\n", true}, {"\r\n> ", true},
		{"", false}, {"\r\n", false}, {"\r\nOK", false}, {"\r\nOKAY\r\n", false}, {"\r\n+CREG: 1\r\n", false},
		{"\r\nRING\r\n", false}, {"2\r", false}, {"\r\nHELLO> \r\n", false}, {"\r\n001017890123452\r\n", false},
		{strings.Repeat("OK", 1000) + "\r\n", false},
	} {
		for _, size := range []int{1, 4, len(tt.said) + 1} {
			var r resultReader
			got, said := false, []byte(tt.said)
			for len(said) > 0 {
				n := min(size, len(said))
				got = r.feed(said[:n]) || got
				said = said[n:]
			}
			if got != tt.want {
				t.Errorf("%q in pieces of %d: %v, want %v", tt.said, size, got, tt.want)
			}
		}
	}
}

func FuzzResultReader(f *testing.F) {
	f.Add([]byte("AT\r\r\nOK\r\n> "))
	f.Add([]byte("+CME ERROR: 3\r"))
	f.Fuzz(func(t *testing.T, said []byte) {
		var r, single resultReader
		want := false
		for i := range said {
			want = single.feed(said[i:i+1]) || want
		}
		if got := r.feed(said); got != want || len(r.line) > maxResult {
			t.Errorf("%v, byte by byte %v; %d bytes kept", got, want, len(r.line))
		}
		// Whatever came before, a result on its own line is seen.
		if !r.feed([]byte("\r\nOK\r\n")) {
			t.Error("OK is not seen")
		}
	})
}
