package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"io-pkt/slog"
)

// raw gives events with these texts as they are in a file.
func raw(texts ...string) (b []byte) {
	for _, text := range texts {
		b = slog.Event{Severity: slog.Info, Text: text}.Append(b)
	}
	return b
}

// What stands in the file of -l before, and what does with one more event.
func TestLogFileIsMended(t *testing.T) {
	half := raw(strings.Repeat("x", 1000))
	for _, c := range []struct {
		name string
		was  []byte
		want string // "": it is refused, and stays
	}{
		{"nothing", nil, "new"},
		{"whole events", raw("a", "b"), "a,b,new"},
		{"half an event", append(raw("a", "b"), half[:900]...), "a,b,new"},
		{"half a header", append(raw("a"), half[:5]...), "a,new"},
		{"more than is read at once", append(bytes.Repeat(half, 100), half[:13]...), strings.Repeat(strings.Repeat("x", 1000)+",", 100) + "new"},
		{"a text", []byte("Hello, this is no log.\n"), ""},
		{"a few bytes", []byte("1\n"), ""},
		{"half an event alone", half[:900], ""},
		{"something behind events", append(raw("a"), "garbage garbage"...), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, c.was, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := openFile(logFile{name: path}, false)
			if c.want == "" {
				if !errors.Is(err, slog.ErrFormat) {
					t.Errorf("got %v, want %v", err, slog.ErrFormat)
				}
				if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, c.was) {
					t.Errorf("it was changed to %q, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := f.Write(slog.Event{Text: "new"}); err != nil {
				t.Fatal(err)
			}
			if got := texts(read(t, path)); got != c.want {
				t.Errorf("got %.100q, want %.100q", got, c.want)
			}
		})
	}
}

// Whatever a file holds, what is kept can be read, and what is cut off is less than
// an event.
func FuzzWholeEvents(f *testing.F) {
	f.Add(raw("a", "b"))
	f.Add(append(raw("a", ""), raw("half")[:14]...))
	f.Add(append(raw("a"), "garbage garbage"...))
	f.Add([]byte("1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		end, err := wholeEvents(bytes.NewReader(b))
		if end < 0 || end > int64(len(b)) {
			t.Fatalf("%d of %d bytes", end, len(b))
		}
		if cut := int64(len(b)) - end; err == nil && (cut >= slog.MaxEvent || cut > 0 && end == 0) {
			t.Errorf("%d bytes of %d are cut off", cut, len(b))
		}
		for rest := b[:end]; len(rest) > 0; {
			_, n, err := slog.Parse(rest)
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
	})
}
