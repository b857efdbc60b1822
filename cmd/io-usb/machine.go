package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// serveMachine keeps the machine's own bus at the path until ctx is done, and
// beside it the files of the controllers' drivers. It calls ready when they are
// there.
//
// Where an io-usb simulates at that path already, the bus there stays: so a
// buildfile for a board runs on a simulated modem.
func serveMachine(ctx context.Context, c commandLine, ready func(), stderr io.Writer) (err error) {
	bus, paths := c.machine, c.buses()
	if i := slices.IndexFunc(paths, serves); i >= 0 {
		bus = paths[i]
		paths = slices.Delete(paths, i, i+1)
	} else if _, err := os.Stat(c.machine); err != nil {
		return fmt.Errorf("this machine has no USB bus: %w", err)
	}
	paths = append(paths, c.driverFiles()...)
	for _, path := range paths {
		l, err := newLink(bus, path)
		if err != nil {
			return err
		}
		defer l.remove()
		if c.verbose {
			fmt.Fprintf(stderr, "io-usb: %s is %s\n", path, bus)
		}
	}
	ready()
	<-ctx.Done()
	return nil
}

// serves reports whether an io-usb simulates at a path.
func serves(path string) bool {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// buses are the paths of the bus.
func (c commandLine) buses() []string {
	if c.alias == "" {
		return []string{c.path}
	}
	return []string{c.path, c.alias}
}

// driverFiles are the paths that buildfiles wait for: the controllers' drivers
// appear beside the bus. io-usb-otg calls that of ehci hcd-ehci.
func (c commandLine) driverFiles() (paths []string) {
	for _, bus := range c.buses() {
		for _, name := range c.controllers {
			paths = append(paths, filepath.Join(filepath.Dir(bus), "devu-"+name+".so"))
			if c.otg && !strings.HasPrefix(name, "hcd-") && !strings.HasPrefix(name, "dcd-") {
				paths = append(paths, filepath.Join(filepath.Dir(bus), "devu-hcd-"+name+".so"))
			}
		}
	}
	return paths
}

// A link is a symbolic link, and the directories that were made for it.
type link struct {
	file place
	dirs []string
}

// newLink makes a link, in place of what an io-usb has left that has ended.
func newLink(target, path string) (*link, error) {
	l := &link{dirs: missing(filepath.Dir(path))}
	err := func() error {
		unlock, err := makeRoom(path)
		if err != nil {
			return err
		}
		defer unlock()
		if err := os.Symlink(target, path); err != nil {
			return err
		}
		l.file, err = at(path)
		return err
	}()
	if err != nil {
		removeEmpty(l.dirs)
		return nil, fmt.Errorf("link %s to %s: %w", path, target, err)
	}
	return l, nil
}

// remove removes the link, unless another has its place, and its directories.
func (l *link) remove() {
	l.file.remove()
	removeEmpty(l.dirs)
}

// missing gives the directories that are not there of a path, the deepest first.
func missing(dir string) (dirs []string) {
	for {
		if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
			return dirs
		}
		dirs = append(dirs, dir)
		dir = filepath.Dir(dir)
	}
}

// removeEmpty removes the directories that nobody else has put something into.
func removeEmpty(dirs []string) {
	for _, dir := range dirs {
		_ = os.Remove(dir)
	}
}
