package boot

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// A Finder finds commands.
type Finder struct {
	Bin  string   // our own, which come first
	Path []string // the machine's
	// Exists tells of a path whether a program can be started there.
	Exists func(path string) error
}

// systemPath is the machine's PATH, with what is often missing for those who are
// not root.
func systemPath() []string {
	path := filepath.SplitList(os.Getenv("PATH"))
	for _, dir := range []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if !slices.Contains(path, dir) {
			path = append(path, dir)
		}
	}
	return slices.DeleteFunc(path, func(dir string) bool { return !filepath.IsAbs(dir) })
}

// executable says why a path is no program, or that it is one.
func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir() || info.Mode()&0o111 == 0:
		return syscall.EACCES
	}
	return nil
}

// Find gives the path of a command: one of ours by the last part of its name; else
// what the name says, in the script's PATH unless it has a slash; else what the
// machine calls like that.
func (f Finder) Find(name, scriptPath string) (string, error) {
	base := path.Base(name)
	candidates := []string{filepath.Join(f.Bin, base)}
	if strings.Contains(name, "/") {
		candidates = append(candidates, name)
	} else {
		for _, dir := range filepath.SplitList(scriptPath) {
			candidates = append(candidates, filepath.Join("/", dir, base))
		}
	}
	var reason error = syscall.ENOENT
	for _, c := range candidates {
		err := f.Exists(c)
		switch {
		case err == nil:
			return c, nil
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		case c == name:
			return "", err // it is there, and no program
		default:
			reason = err
		}
	}
	for _, dir := range f.Path {
		if c := filepath.Join(dir, base); f.Exists(c) == nil {
			return c, nil
		}
	}
	return "", reason
}

// onTarget gives a word with the image's directory where it is here.
func onTarget(word string) string { return strings.ReplaceAll(word, "/proc/boot", imageDir) }
