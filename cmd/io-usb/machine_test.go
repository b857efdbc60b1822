package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// links gives the links below a directory, with what they lead to.
func links(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type()&os.ModeSymlink != 0 {
			name, _ := filepath.Rel(dir, path)
			found[name], err = os.Readlink(path)
		}
		return err
	}))
	return found
}

// serving runs serveMachine until the function is called that it gives.
func serving(t *testing.T, c commandLine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- serveMachine(ctx, c, func() { close(ready) }, io.Discard) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal("it ended:", err)
	}
	return func() { cancel(); must(t, <-ended) }
}

// The machine's own bus appears at the path, and beside it the drivers' names; at
// the end nothing is left, not even the directories.
func TestServeMachine(t *testing.T) {
	dir, bus := t.TempDir(), t.TempDir()
	c := commandLine{path: filepath.Join(dir, "usb/io-usb-otg"), alias: filepath.Join(dir, "a/b/io-usb"), machine: bus,
		otg: true, controllers: []string{"ehci", "hcd-xhci"}}
	first := serving(t, c)
	want := []string{"usb/io-usb-otg", "usb/devu-ehci.so", "usb/devu-hcd-ehci.so", "usb/devu-hcd-xhci.so",
		"a/b/io-usb", "a/b/devu-ehci.so", "a/b/devu-hcd-ehci.so", "a/b/devu-hcd-xhci.so"}
	check := func() {
		t.Helper()
		found := links(t, dir)
		for _, name := range want {
			if found[name] != bus {
				t.Errorf("%s leads to %q", name, found[name])
			}
		}
		if len(found) != len(want) {
			t.Errorf("links %v", found)
		}
	}
	check()
	second := serving(t, c) // as by a script that is run again
	first()
	check() // they are the second's now
	second()
	if left, err := os.ReadDir(dir); err != nil || len(left) == 0 || len(links(t, dir)) > 0 {
		t.Errorf("%v are left, %v", links(t, dir), err) // the directories are the first's
	}
	serving(t, c)()
	must(t, os.RemoveAll(filepath.Join(dir, "a")))
	must(t, os.RemoveAll(filepath.Join(dir, "usb")))
	serving(t, c)()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
	c.machine = filepath.Join(dir, "nothing")
	if err := serveMachine(t.Context(), c, func() { t.Error("it is ready") }, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a bus: %v", err)
	}
}

// A bus that is simulated already stays.
func TestServeMachineOverSimulator(t *testing.T) {
	dir := t.TempDir()
	c := commandLine{path: filepath.Join(dir, "io-usb"), machine: filepath.Join(dir, "nothing"), controllers: []string{"ehci"}}
	l, err := listen(c.path)
	must(t, err)
	defer l.Close()
	stop := serving(t, c)
	if found := links(t, dir); len(found) != 1 || found["devu-ehci.so"] != c.path {
		t.Errorf("links %v", found)
	}
	stop()
	if !serves(c.path) || len(links(t, dir)) > 0 {
		t.Errorf("the simulator's socket is gone, or links are left")
	}
}
