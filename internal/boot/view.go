package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// Where things are that the target does not have.
const (
	own      = "/.target"
	ownBin   = own + "/bin"    // our commands
	ownNames = own + "/names"  // links to them, where the machine has its own
	ownHost  = own + "/host"   // the machine, not to be written
	ownRoot  = own + "/root"   // ROOT
	ownShell = own + "/shells" // sh, by the names of QNX's shells
	imageDir = "/.boot"        // the image's /proc/boot: Linux has another /proc
)

// ROOT's directories: the target's programs write there. The rest is for those of
// Linux.
var ownDirectories = []string{
	"dev", "dev/shm", "dev/shmem", "proc/boot", "run", "tmp",
	"var/lib/dhcp", "var/lock", "var/log", "var/run", "var/tmp",
}

// targets are those of the top that are ROOT's alone.
var targets = []string{"dev", "run", "tmp", "var"}

// devices are the machine's that programs have to find in /dev.
var devices = []string{
	"bus", "fd", "full", "net", "null", "ptmx", "pts", "random", "stderr", "stdin", "stdout", "tty", "urandom", "zero",
}

// programs are where the machine's are, and ours, too: a script may set PATH, or name
// /usr/sbin/if_up.
var programs = []string{"bin", "sbin", "usr/bin", "usr/sbin"}

// passing are those of ours that call the machine's of the same name, which therefore
// stays where it is.
var passing = []string{"dhclient", "mount"}

// layers are what paths show, the first first.
var layers = []string{ownRoot, ownNames, ownHost}

// shells are QNX's, which sh stands in for.
var shells = []string{"esh", "fesh", "ksh", "uesh"}

// A View is what the target's paths show.
type View struct {
	made []string // below ownRoot, to be removed
}

// Enter puts this process where the target's paths are: root is ROOT, bin the
// directory of our commands. It can only be done once, by process 1 of Enclose.
func Enter(root, bin string) (*View, error) {
	v := &View{}
	if err := v.enter(root, bin); err != nil {
		return nil, fmt.Errorf("show the target's paths: %w", err)
	}
	return v, nil
}

// Close removes from ROOT what leads to the machine.
func (v *View) Close() error {
	var errs []error
	for _, path := range v.made {
		errs = append(errs, os.Remove(path))
	}
	return errors.Join(errs...)
}

func (v *View) enter(root, bin string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	trees := []struct {
		from, to string
		readOnly bool
		fd       int
	}{{from: "/", to: ownHost, readOnly: true}, {from: bin, to: ownBin, readOnly: true}, {from: root, to: ownRoot}}
	for i := range trees {
		fd, err := tree(trees[i].from, trees[i].readOnly)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		trees[i].fd = fd
	}
	if err := unix.Mount("target", root, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount a root: %w", err)
	}
	for _, t := range trees {
		if err := place(t.fd, root+t.to); err != nil {
			return err
		}
	}
	if err := pivot(root); err != nil {
		return err
	}
	if err := terminals(); err != nil {
		return err
	}
	if err := v.devices(); err != nil {
		return err
	}
	if err := v.commands(); err != nil {
		return err
	}
	return top()
}

// terminals lets programs set the modes of the terminals that they make.
func terminals() error {
	attr := &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	err := unix.MountSetattr(unix.AT_FDCWD, ownHost+"/dev/pts", 0, attr)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL) { // nothing is mounted there
		return nil
	}
	return err
}

// commands puts ours into the image's directory, and where the machine has its own.
func (v *View) commands() error {
	list, err := os.ReadDir(ownBin)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(e fs.DirEntry) bool { return executable(filepath.Join(ownBin, e.Name())) != nil })
	for _, e := range list {
		if err := v.link(filepath.Join(ownBin, e.Name()), filepath.Join(ownRoot, "proc/boot", e.Name())); err != nil {
			return err
		}
	}
	for _, dir := range programs {
		if info, err := os.Lstat(filepath.Join(ownHost, dir)); err != nil || !info.IsDir() {
			continue
		}
		names := filepath.Join(ownNames, dir)
		if err := os.MkdirAll(names, 0o755); err != nil {
			return err
		}
		for _, e := range list {
			if slices.Contains(passing, e.Name()) {
				continue
			}
			if err := os.Symlink(filepath.Join(ownBin, e.Name()), filepath.Join(names, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// devices puts the machine's devices, and the console, into ROOT's /dev.
func (v *View) devices() error {
	for _, dir := range ownDirectories {
		if err := os.MkdirAll(filepath.Join(ownRoot, dir), 0o755); err != nil {
			return err
		}
	}
	for _, dir := range []string{"tmp", "var/tmp", "dev/shm", "dev/shmem"} {
		if err := os.Chmod(filepath.Join(ownRoot, dir), 0o777|fs.ModeSticky); err != nil {
			return err
		}
	}
	links := map[string]string{"dev/console": consoleFile, "dev/text": consoleFile, "run/udev": ownHost + "/run/udev"}
	for _, d := range devices {
		links["dev/"+d] = ownHost + "/dev/" + d
	}
	links["dev/fd"] = "/proc/self/fd"
	for name, to := range links {
		if err := v.link(to, filepath.Join(ownRoot, name)); err != nil {
			return err
		}
	}
	for _, s := range shells {
		if err := os.MkdirAll(ownShell, 0o755); err != nil {
			return err
		}
		if err := os.Symlink("/bin/sh", filepath.Join(ownShell, s)); err != nil {
			return err
		}
	}
	return os.Symlink(ownRoot+"/proc/boot", imageDir)
}

// link makes a link in ROOT, unless something is there, or there is nothing to
// lead to. What an earlier run has left is no obstacle.
func (v *View) link(to, path string) error {
	if old, err := os.Readlink(path); err == nil && old == to {
		v.made = append(v.made, path)
		return nil
	}
	if to != consoleFile && to != "/proc/self/fd" {
		if _, err := os.Lstat(to); err != nil {
			return nil
		}
	}
	err := os.Symlink(to, path)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	v.made = append(v.made, path)
	return err
}

// top fills the root.
func top() error {
	if err := mountKind("proc", "/proc"); err != nil {
		return err
	}
	for _, name := range targets {
		if err := bind(filepath.Join(ownRoot, name), "/"+name); err != nil {
			return err
		}
	}
	for _, name := range entries("/") {
		if slices.Contains(targets, name) || name == "proc" || name == filepath.Base(own) || name == filepath.Base(imageDir) {
			continue
		}
		if name == "sys" && mountKind("sysfs", "/sys") == nil {
			continue
		}
		if err := show("/" + name); err != nil {
			return err
		}
	}
	return nil
}

// entries gives what is in a directory of any layer.
func entries(dir string) (names []string) {
	for _, layer := range layers {
		list, _ := os.ReadDir(layer + dir)
		for _, e := range list {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// show puts a path of the first layer that has it in place, and where several have a
// directory, what is in any of them.
func show(path string) error {
	var first string
	var info fs.FileInfo
	directories := 0
	for _, layer := range layers {
		i, err := os.Lstat(layer + path)
		if err != nil {
			continue
		}
		if first == "" {
			first, info = layer, i
		}
		if i.IsDir() {
			directories++
		}
	}
	switch {
	case first == "":
		return nil // it has gone since it was listed
	case info.IsDir() && directories > 1:
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		for _, name := range entries(path) {
			if err := show(filepath.Join(path, name)); err != nil {
				return err
			}
		}
		return nil
	case first == ownHost && info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(ownHost + path)
		if err != nil {
			return err
		}
		return os.Symlink(to, path)
	case first == ownHost && info.IsDir() && filepath.Dir(path) == "/":
		return bind(ownHost+path, path)
	}
	return os.Symlink(first+path, path)
}
