package ctl

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFollow(t *testing.T) {
	changes := make(chan int)
	hungUp := make(chan struct{})
	prefix := serve(t, funcs{follow: func(ctx context.Context, _ Peer, send func(Reply) error) error {
		for {
			select {
			case n := <-changes:
				if err := send(Reply{Interfaces: make([]Interface, n)}); err != nil {
					return err
				}
			case <-ctx.Done():
				close(hungUp)
				return nil
			}
		}
	}}, nil)
	go func() {
		for n := range 3 {
			changes <- n
		}
	}()
	stop := errors.New("enough")
	var got []int
	err := dial(t, prefix).Follow(t.Context(), func(ifs []Interface) error {
		if got = append(got, len(ifs)); len(got) == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		t.Errorf("Follow = %v; want the callback's error", err)
	}
	if d := cmp.Diff([]int{0, 1, 2}, got); d != "" {
		t.Errorf("interfaces (-want +got):\n%s", d)
	}
	<-hungUp
}

func TestFollowRefused(t *testing.T) {
	prefix := serve(t, funcs{follow: func(context.Context, Peer, func(Reply) error) error {
		return syscall.ENOMEM
	}}, nil)
	err := dial(t, prefix).Follow(t.Context(), func([]Interface) error { return nil })
	if !errors.Is(err, syscall.ENOMEM) {
		t.Errorf("Follow = %v; want ENOMEM", err)
	}
}

func TestClientContext(t *testing.T) {
	prefix := serve(t, funcs{
		do:     func(ctx context.Context, _ Peer, _ Request) Reply { <-ctx.Done(); return Reply{} },
		follow: func(ctx context.Context, _ Peer, _ func(Reply) error) error { <-ctx.Done(); return nil },
	}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := dial(t, prefix).Do(ctx, Request{Op: OpList}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Do = %v", err)
	}
	if err := dial(t, prefix).Follow(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Follow = %v", err)
	}
}

func TestDialErrors(t *testing.T) {
	stale := shortDir(t)
	if err := os.MkdirAll(Dir(stale), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: SocketPath(stale), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for _, c := range []struct {
		name, prefix string
		want         error
	}{
		{"nothing there", shortDir(t), ErrNotRunning},
		{"nobody listens", stale, ErrNotRunning},
		{"long path", "/" + strings.Repeat("a", 100), syscall.ENAMETOOLONG},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Dial(t.Context(), c.prefix)
			if !errors.Is(err, c.want) || errors.Is(err, fs.ErrPermission) {
				t.Errorf("Dial = %v; want %v", err, c.want)
			}
		})
	}
}
