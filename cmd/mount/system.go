package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// handOver becomes the system's mount. It returns only when it cannot.
func handOver(argv []string) error {
	self, err := os.Stat("/proc/self/exe")
	if err != nil {
		return err
	}
	path, err := next(filepath.SplitList(os.Getenv("PATH")), self)
	if err != nil {
		return err
	}
	return &fs.PathError{Op: "exec", Path: path, Err: syscall.Exec(path, argv, os.Environ())}
}

// usual is where the system's mount is when PATH does not say.
var usual = []string{"/bin", "/usr/bin", "/sbin", "/usr/sbin"}

var errNone = errors.New("no other mount in PATH")

// next gives the mount that comes after this one: in the directory after the one
// where this one is, or else anywhere. Two copies of this one thus call the one
// after them, and never each other in turns.
func next(path []string, self fs.FileInfo) (string, error) {
	from := 0
	for i, dir := range path {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && os.SameFile(info, self) {
			from = i + 1
		}
	}
	for _, dir := range append(path[from:len(path):len(path)], usual...) {
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 && !os.SameFile(info, self) {
			return file, nil
		}
	}
	return "", errNone
}
