package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// apply makes those of the kernel's settings that options of -ptcpip stand for, in
// the network namespace of the process. They stay when io-pkt ends, as all that
// is set with sysctl(8). proc is /proc/sys.
func (t tcpip) apply(proc string, v6 bool) error {
	var errs []error
	atLeast := func(key string, n int64) {
		if err := raise(filepath.Join(proc, "net", key), n); err != nil {
			errs = append(errs, err)
		}
	}
	if t.forward {
		atLeast("ipv4/ip_forward", 1)
	}
	if t.forward6 && v6 {
		atLeast("ipv6/conf/all/forwarding", 1)
	}
	if t.somaxconn > 0 {
		atLeast("core/somaxconn", t.somaxconn)
	}
	return errors.Join(errs...)
}

// raise sets a setting, unless it is as high already: it may be one that cannot be
// written then.
func raise(file string, n int64) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	now, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if now >= n {
		return nil
	}
	return os.WriteFile(file, []byte(strconv.FormatInt(n, 10)), 0)
}
