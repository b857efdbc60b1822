package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"io-pkt/internal/ctl"
)

// mount has the driver loaded and waits for what becomes of it, which takes as
// long as the driver's own options say. dev is /dev.
func (l line) mount(ctx context.Context, dev string) error {
	n, err := instance(l.kind)
	if err != nil {
		return err
	}
	if l.file {
		if _, err := os.Stat(l.driver); err == nil {
			// QNX takes it for a file system in a file, which io-pkt does not know.
			return fmt.Errorf("-t with a file that exists: %w", syscall.EINVAL)
		}
	}
	c, err := dial(ctx, n, dev)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Do(ctx, ctl.Request{Op: ctl.OpMount, Instance: n, Driver: l.driver, Options: l.options})
	return err
}

// instance gives N of io-pktN. Of another type there is no stack.
func instance(kind string) (int, error) {
	digits := strings.TrimPrefix(kind, "io-pkt")
	if digits == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("type %q: %w", kind, syscall.ENODEV)
	}
	return int(n), nil
}

// dial connects to the stack: that of SOCK, or else the one that has made itself
// known by its number.
func dial(ctx context.Context, n int, dev string) (*ctl.Client, error) {
	prefix := ctl.Prefix()
	if prefix == "" && n > 0 {
		p, err := ctl.FindInstance(dev, n)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		prefix = p
	}
	return ctl.Dial(ctx, prefix)
}
