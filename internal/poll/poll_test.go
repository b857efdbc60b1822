package poll

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestWaitSeesWhatIsReady(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	in := p.Add(pipe[0], unix.POLLIN)

	if err := p.Wait(0); err != nil || p.Ready(in) != 0 {
		t.Errorf("empty pipe: %v, ready %#x", err, p.Ready(in))
	}
	if _, err := unix.Write(pipe[1], []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(-1); err != nil || p.Ready(in) != unix.POLLIN {
		t.Errorf("full pipe: %v, ready %#x", err, p.Ready(in))
	}
	p.Watch(in, 0)
	if err := p.Wait(0); err != nil || p.Ready(in) != 0 {
		t.Errorf("left out: %v, ready %#x", err, p.Ready(in))
	}
	unix.Close(pipe[1])
	if err := p.Wait(-1); err != nil || p.Ready(in)&unix.POLLHUP == 0 {
		t.Errorf("hung up: %v, ready %#x", err, p.Ready(in))
	}
}

// What Reset has forgotten may be closed, and places are given out anew.
func TestResetForgets(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	first := p.Add(pipe[0], unix.POLLIN)
	p.Reset()
	unix.Close(pipe[0])
	unix.Close(pipe[1]) // would be POLLNVAL
	if again := p.Add(-1, unix.POLLIN); again != first {
		t.Errorf("place = %d, want %d", again, first)
	}
	p.Wake() // is still heard
	if err := p.Wait(-1); err != nil || p.Ready(first) != 0 {
		t.Errorf("Wait: %v, ready %#x", err, p.Ready(first))
	}
}

func TestWakeEndsWait(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	p.Wake()
	p.Wake()
	if err := p.Wait(-1); err != nil { // would never return
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Wait(-1) }()
	p.Wake()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	p.Wake() // after Close it must touch nothing
}
