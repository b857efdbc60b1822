package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// What keeps the stack from starting once there is a log is said there, too.
func TestFatalErrorIsLogged(t *testing.T) {
	prefix := t.TempDir()
	path := slog.Path(prefix)
	log, err := slog.Listen(path, slog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // if it starts after all, it ends
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread() // until the goroutine ends, and the thread with it
		if err = dropNetAdmin(); err != nil {
			return
		}
		a := parseArgv([]string{"/sbin/io-pkt-v4-hc", "-ptcpip", "prefix=" + prefix})
		err = serve(ctx, a, func() { t.Error("it is ready") }, io.Discard)
	})
	wg.Wait()
	if !errors.Is(err, unix.EPERM) {
		t.Fatalf("got %v, want EPERM", err)
	}
	r, err := slog.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if e.Severity == slog.Error && e.Code == slog.NewCode(slog.TCPIP, 0) {
			got = append(got, e.Text)
		}
	}
	if want := "io-pkt-v4-hc: init_main: configuring the loopback interface: "; len(got) != 1 || !strings.HasPrefix(got[0], want) {
		t.Errorf("logged %q, want %q", got, want)
	}
}

// dropNetAdmin takes from the thread the right to configure networking.
func dropNetAdmin() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // version 3 has two words
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	data[0].Effective &^= 1 << unix.CAP_NET_ADMIN
	return unix.Capset(&header, &data[0])
}
