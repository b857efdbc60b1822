package serial

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestWhatIsAtThePath(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(path string) error
		want error
	}{
		{"nothing", func(string) error { return nil }, nil},
		{"a link to a terminal that is gone", func(p string) error { return os.Symlink(ptsDir+"999999", p) }, nil},
		{"a link to one that is another's now", func(p string) error { return os.Symlink(ptsDir+"ptmx", p) }, nil},
		{"a link to a serial port", func(p string) error { return os.Symlink("/dev/null", p) }, fs.ErrExist},
		{"a file", func(p string) error { return os.WriteFile(p, nil, 0o600) }, fs.ErrExist},
		{"a directory", func(p string) error { return os.Mkdir(p, 0o700) }, fs.ErrExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "serecm0")
			if err := tt.make(path); err != nil {
				t.Fatal(err)
			}
			term, err := Open(path)
			if err == nil {
				defer term.Close()
			}
			if !errors.Is(err, tt.want) {
				t.Fatalf("Open: %v, want %v", err, tt.want)
			}
			left, _ := filepath.Glob(path + ".*")
			if len(left) > 0 {
				t.Errorf("%v are left", left)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "no", "serecm0")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the directory: %v", err)
	}
}

// A link that somebody else has put in our place stays.
func TestCloseLeavesOthers(t *testing.T) {
	term := open(t)
	if err := errors.Join(os.Remove(term.path), os.Symlink("/dev/null", term.path)); err != nil {
		t.Fatal(err)
	}
	if err := term.Close(); err != nil {
		t.Error(err)
	}
	if to, _ := os.Readlink(term.path); to != "/dev/null" {
		t.Errorf("the link is %q", to)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for name, to := range map[string]string{
		"serecm0": ptsDir + "999998", "serecm1": ptsDir + "999999", "serecm2": "/dev/null", "ser1": ptsDir + "999999",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(dir, "serecm*"); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 2 || filepath.Base(left[0]) != "ser1" || filepath.Base(left[1]) != "serecm2" {
		t.Errorf("left are %v, want ser1 and serecm2", left)
	}
}
