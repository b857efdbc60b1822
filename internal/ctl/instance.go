package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A stack with an instance number can be found by that number alone, wherever its
// prefix is, as on QNX: DEV/io-pktN is a link to the prefix. DEV is "/dev".

// FindInstance gives the prefix of the stack that was started with -i n. The error
// is fs.ErrNotExist when there is none.
func FindInstance(dev string, n int) (prefix string, err error) {
	return os.Readlink(instancePath(dev, n))
}

// PublishInstance lets the stack of a prefix be found by its number. A stack that
// was published under the number before cannot be found any more. withdraw undoes
// it.
func PublishInstance(dev string, n int, prefix string) (withdraw func() error, err error) {
	path, prefix := instancePath(dev, n), filepath.Join("/", prefix)
	if err := removeLink(path); err != nil {
		return nil, err
	}
	if err := os.Symlink(prefix, path); err != nil {
		return nil, err
	}
	return func() error {
		if now, err := os.Readlink(path); err != nil || now != prefix {
			return nil // another's by now
		}
		return removeLink(path)
	}, nil
}

func instancePath(dev string, n int) string { return filepath.Join(dev, fmt.Sprintf("io-pkt%d", n)) }

// removeLink removes a link, and nothing that is none.
func removeLink(path string) error {
	_, err := os.Readlink(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return os.Remove(path)
}
