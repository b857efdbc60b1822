package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// linkMachine makes the path a link to the machine's own bus. Buildfiles wait
// for the path, or for the entry of the controller's driver.
func linkMachine(c commandLine, stderr io.Writer) error {
	if _, err := os.Stat(c.machine); err != nil {
		return fmt.Errorf("this machine has no USB bus: %w", err)
	}
	links := []string{c.path}
	for _, name := range c.controllers {
		links = append(links, filepath.Join(filepath.Dir(c.path), "devu-"+name+".so"))
	}
	for _, path := range links {
		if err := link(c.machine, path); err != nil {
			return fmt.Errorf("link %s to %s: %w", path, c.machine, err)
		}
		if c.verbose {
			fmt.Fprintf(stderr, "io-usb: %s is %s\n", path, c.machine)
		}
	}
	return nil
}

func link(target, path string) error {
	unlock, err := makeRoom(path)
	if err != nil {
		return err
	}
	defer unlock()
	return os.Symlink(target, path)
}
