package slog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// readAll gives the texts of a log.
func readAll(path string) (texts []string, err error) {
	r, err := OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for e, err := range r.Events() {
		if err != nil {
			return texts, err
		}
		texts = append(texts, e.Text)
	}
	return texts, nil
}

func TestReaderClearsWhatItGave(t *testing.T) {
	s, path := newServer(t, Config{})
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s.Log(0, Info, "1")
	s.Log(0, Info, "2")
	for range r.Events() {
	}
	s.Log(0, Info, "3")
	if err := r.Clear(); err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(path); err != nil || strings.Join(got, "") != "3" {
		t.Errorf("left: %q, %v", got, err)
	}
	s.Log(0, Info, "4")
	var got []string
	for e, err := range r.Follow() {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e.Text); e.Text == "4" {
			break
		}
	}
	if !slices.Equal(got, []string{"3", "4"}) || r.Missed() != 0 {
		t.Errorf("followed: %q, missed %d", got, r.Missed())
	}
	for _, err := range r.Events() {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after breaking off: %v, want ErrClosed", err)
		}
	}
}

// Everything that eight writers send arrives at a reader that begins in their
// midst, once, in order.
func TestFollowUnderConcurrentWriters(t *testing.T) {
	const writers, n = 8, 400
	s, path := newServer(t, Config{Size: 1 << 20})
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()

	begun := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		conn := connect(t, path)
		wg.Go(func() {
			for i := range n {
				if i == n/4 && w == 0 {
					close(begun)
				}
				text := fmt.Sprintf("%d %d", w, i)
				if w%2 == 0 {
					s.Log(0, Info, text)
				} else if _, err := conn.Write(event(text)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	<-begun
	var next [writers]int
	left := writers * n
	check := func(e Event, err error) bool {
		if err != nil {
			t.Error(err)
			return false
		}
		var w, i int
		if _, err := fmt.Sscan(e.Text, &w, &i); err != nil || i != next[w] {
			t.Errorf("got %q, want number %d", e.Text, next[w])
			return false
		}
		next[w]++
		left--
		return left > 0
	}
	r.Events()(check)
	if left > 0 {
		r.Follow()(check)
	}
	wg.Wait()
	if left > 0 || r.Missed() != 0 {
		t.Errorf("%d did not come, missed %d", left, r.Missed())
	}
}

// What a slow reader gets and what it is told it missed make up the whole.
func TestFollowOverrun(t *testing.T) {
	s, path := newServer(t, Config{})
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s.Log(0, Info, "0")
	const n = 20000
	given, last := uint64(0), -1
	for e, err := range r.Follow() {
		if err != nil {
			if !errors.Is(err, unix.ECONNRESET) {
				t.Error(err)
			}
			break
		}
		if given == 0 {
			pad := strings.Repeat(".", 80)
			for i := 1; i < n; i++ {
				s.Log(0, Info, fmt.Sprint(i, pad))
			}
			closed := make(chan struct{})
			go func() { s.Close(); close(closed) }()
			defer func() { <-closed }()
		}
		var i int
		if _, err := fmt.Sscan(e.Text, &i); err != nil || i <= last || uint64(i) != given+r.Missed() {
			t.Fatalf("after %d given and %d missed: %q", given, r.Missed(), e.Text)
		}
		given, last = given+1, i
	}
	if r.Missed() == 0 || given+r.Missed() != n {
		t.Errorf("given %d, missed %d, of %d", given, r.Missed(), n)
	}
}

func TestReaderCloseEndsFollow(t *testing.T) {
	s, path := newServer(t, Config{})
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Log(0, Info, "first")
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, err := range r.Follow() {
		if err == nil {
			wg.Go(func() { r.Close() })
			continue
		}
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
	if err := r.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestReaderFile(t *testing.T) {
	whole := append(event("1"), event("2")...)
	for _, c := range []struct {
		name string
		file []byte
		want string
		err  error
	}{
		{"whole", whole, "12", nil},
		{"empty", nil, "", nil},
		{"cut off", append(whole[:len(whole):len(whole)], whole[:14]...), "12", io.ErrUnexpectedEOF},
		{"garbage", append(event("1"), "some other file"...), "1", ErrFormat},
		{"a stream from a socket", append(event("1"), control{kind: kindEnd}.append(nil)...), "1", ErrFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
			texts, err := readAll(path)
			if got := strings.Join(texts, ""); got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.err)
			}
			r, err := OpenReader(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for range r.Follow() {
				t.Error("a file has something to follow")
			}
			if err := r.Clear(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the file is still there: %v", err)
			}
		})
	}
}

func TestReaderErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenReader(filepath.Join(dir, "none"))
	var path *fs.PathError
	if !errors.As(err, &path) || path.Op != "open" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no log: %v", err)
	}
	_, err = readAll(dir)
	if !errors.As(err, &path) || path.Op != "read" || path.Path != dir || !errors.Is(err, unix.EISDIR) {
		t.Errorf("a directory: %v", err)
	}
}

// A server that does not answer is not waited for for ever.
func TestReaderStuckServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "slog")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := readAll(path); !errors.Is(err, unix.ETIMEDOUT) {
		t.Errorf("got %v, want ETIMEDOUT", err)
	}
}
