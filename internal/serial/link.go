package serial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ptsDir is where terminals are (pts(4)).
const ptsDir = "/dev/pts/"

// link makes a symbolic link to a terminal. Its name is there at once or not at
// all, and never leads nowhere.
func link(name, path string) error {
	if !stale(path) {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("something else is there: %w", fs.ErrExist)
		}
	}
	temporary := fmt.Sprintf("%s.%d", path, os.Getpid())
	_ = os.Remove(temporary)
	if err := os.Symlink(name, temporary); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		_ = os.Remove(temporary)
		return err
	}
	return nil
}

// unlink takes a link away, if it is still ours.
func unlink(name, path string) error {
	if !leads(path, name) {
		return nil
	}
	return os.Remove(path)
}

// leads reports whether a path is a link to a terminal of this name.
func leads(path, name string) bool {
	to, err := os.Readlink(path)
	return err == nil && to == name
}

// stale reports whether a path is a link to a terminal, as a process leaves it
// that is killed.
func stale(path string) bool {
	to, err := os.Readlink(path)
	return err == nil && strings.HasPrefix(to, ptsDir)
}

// Sweep removes the links to terminals in a directory whose names match a pattern
// (path/filepath, Match). It is for whoever owns those names, before the first
// Open: the number behind a link that was left may be another program's terminal
// by now.
func Sweep(dir, pattern string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		match, matchErr := filepath.Match(pattern, e.Name())
		if matchErr != nil {
			return matchErr
		}
		if path := filepath.Join(dir, e.Name()); match && stale(path) {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}
