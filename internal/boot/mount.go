package boot

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// pivot makes a directory the root, and lets the old one go.
func pivot(root string) error {
	if err := unix.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	return unix.Chdir("/")
}

// tree takes a copy of what is mounted at a path and below.
func tree(path string, readOnly bool) (fd int, err error) {
	fd, err = unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return -1, fmt.Errorf("take %s: %w", path, err)
	}
	if readOnly {
		attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, attr); err != nil {
			_ = unix.Close(fd)
			return -1, fmt.Errorf("protect %s: %w", path, err)
		}
	}
	return fd, nil
}

// place mounts a tree.
func place(fd int, path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	if err := unix.MoveMount(fd, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("mount %s: %w", path, err)
	}
	return nil
}

// bind shows a directory at another path, too.
func bind(from, to string) error {
	fd, err := tree(from, false)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return place(fd, to)
}

// mountKind mounts a file system of the kernel.
func mountKind(kind, path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(kind, path, kind, 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", path, err)
	}
	return nil
}
