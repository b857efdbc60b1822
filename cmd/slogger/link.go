package main

import (
	"io/fs"
	"os"
	"path/filepath"
)

// linkOf gives the path of the link to a log that slogger2 makes beside it.
func linkOf(log string) string { return log + "2" }

// makeLink makes the link. One that is there already will do, whose ever it is;
// another link, which nobody but a slogger2 makes there, is replaced.
func makeLink(log string) error {
	path := linkOf(log)
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 && !linked(log) {
		_ = os.Remove(path)
	}
	err := os.Symlink(filepath.Base(log), path)
	if linked(log) {
		return nil
	}
	return err
}

// removeLink removes it.
func removeLink(log string) {
	if linked(log) {
		_ = os.Remove(linkOf(log))
	}
}

// linked says that the link is there. Below a prefix it is right, too, since it
// names the file beside it.
func linked(log string) bool {
	target, err := os.Readlink(linkOf(log))
	return err == nil && target == filepath.Base(log)
}
