package slog

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestClientOutlivesItsServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "slog")
	first, err := Listen(path, Config{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Log(0, Info, "one")
	for e := range first.Follow(t.Context()) {
		if e.Text == "one" {
			break
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for c.Dropped() == 0 && time.Now().Before(deadline) {
		c.Log(0, Info, "into the void")
		time.Sleep(time.Millisecond)
	}
	second, err := Listen(path, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	for len(texts(t, second)) == 0 && time.Now().Before(deadline) {
		c.Log(0, Info, "back")
		time.Sleep(time.Millisecond)
	}
	got := texts(t, second)
	if len(got) < 2 {
		t.Fatalf("got %q", got)
	}
	var lost uint64
	if _, err := fmt.Sscanf(got[0], "%d log events were lost", &lost); err != nil || lost == 0 || lost > c.Dropped() {
		t.Errorf("first event %q, dropped %d", got[0], c.Dropped())
	}
	if got[1] != "back" {
		t.Errorf("second event %q", got[1])
	}
}

// A server that is gone is not looked for at each event.
func TestClientRedialsNowAndThen(t *testing.T) {
	_, path := newServer(t, Config{})
	synctest.Test(t, func(t *testing.T) {
		c := &Client{path: path}
		for try, want := range []bool{true, false, true, false} {
			if try == 2 {
				time.Sleep(redialPause) // in no time
			}
			if got := c.redial(); got != want {
				t.Errorf("try %d: connected %v, want %v", try, got, want)
			}
			c.hangUp()
		}
	})
}

// A server that takes nothing costs the caller no time.
func TestClientDropsWhenServerIsStuck(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "slog")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", MaxText)
	for c.Dropped() == 0 {
		c.Log(0, Info, long) // would never end if it waited
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	before := c.Dropped()
	c.Log(0, Info, "late")
	if got, want := c.Dropped(), before+1; got != want {
		t.Errorf("after Close: dropped %d, want %d", got, want)
	}
}

// Once Close has returned, everything is in the log.
func TestClientSendsAllBeforeClose(t *testing.T) {
	s, path := newServer(t, Config{Size: 1 << 20})
	for i := range 20 {
		c, err := Dial(path)
		if err != nil {
			t.Fatal(err)
		}
		for range queueLength / 2 {
			c.Log(0, Info, "x")
		}
		c.Close()
		if got, want := s.ring.newest(), uint64((i+1)*queueLength/2); got != want || c.Dropped() != 0 {
			t.Fatalf("%d events of %d, dropped %d", got, want, c.Dropped())
		}
	}
}
