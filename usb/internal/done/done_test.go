package done

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

func readable(t *testing.T, l *List) bool {
	t.Helper()
	fd, events := l.PollFD()
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	if _, err := unix.Poll(fds, 0); err != nil && err != unix.EINTR { // nothing is ready then
		t.Fatal(err)
	}
	return fds[0].Revents&events != 0
}

func TestListIsReadableWhileSomethingWaits(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, b, c := &usb.Transfer{}, &usb.Transfer{}, &usb.Transfer{}
	dst := make([]*usb.Transfer, 2)

	if readable(t, l) {
		t.Error("readable while empty")
	}
	l.Put()
	if readable(t, l) {
		t.Error("readable after nothing was put")
	}
	l.Put(a)
	l.Put(b, c)
	if n, err := l.Reap(dst); n != 2 || err != nil || dst[0] != a || dst[1] != b {
		t.Errorf("Reap = %d, %v, %v; want a and b", n, err, dst)
	}
	if !readable(t, l) {
		t.Error("not readable with one left")
	}
	if n, err := l.Reap(dst); n != 1 || err != nil || dst[0] != c {
		t.Errorf("Reap = %d, %v; want c", n, err)
	}
	if readable(t, l) {
		t.Error("readable after all was reaped")
	}
	if n, err := l.Reap(dst); n != 0 || err != nil {
		t.Errorf("Reap = %d, %v; want 0", n, err)
	}
}

func TestClosedListHandsOutNothing(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	l.Put(&usb.Transfer{})
	for range 2 {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	l.Put(&usb.Transfer{})
	if n, err := l.Reap(make([]*usb.Transfer, 4)); n != 0 || !errors.Is(err, usb.ErrClosed) {
		t.Errorf("Reap = %d, %v; want ErrClosed", n, err)
	}
}
