package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// forever is dhclient's timeout when there is none. A year after today still is a
// time where times have 32 bits.
const forever = 365 * 24 * 60 * 60

// conf is the configuration of dhclient (dhclient.conf(5)), which has no options for
// what it says. It adds to the system's file, if there is one; in a block of the
// interface's own, since one of the system's file would come before what is outside.
func (r request) conf(system string) string {
	var b strings.Builder
	if system != "" {
		fmt.Fprintf(&b, "include %s;\n", quote(system))
	}
	fmt.Fprintf(&b, "interface %s {\n", quote(r.iface))
	if r.hostname != "" {
		fmt.Fprintf(&b, "\tsend host-name %s;\n", quote(r.hostname))
	}
	if r.ident != "" {
		// The type, as for udhcpc.
		fmt.Fprintf(&b, "\tsend dhcp-client-identifier %s;\n", quote("\x00"+r.ident))
	}
	// When this is over it goes to the background without an address, or to sleep
	// for minutes. Only -1 makes it give up, but also when a lease is lost later.
	timeout := forever
	if r.tries > 0 {
		timeout = r.limit()
	}
	fmt.Fprintf(&b, "\ttimeout %d;\n}\n", timeout)
	return b.String()
}

// quote makes a string of dhclient.conf(5), in which a word can be nothing else:
// all but letters, digits and a few more are octal numbers.
func quote(word string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(word) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// systemConf gives dhclient's own configuration file, if there is one.
func systemConf() string {
	paths := []string{"/etc/dhcp/dhclient.conf", "/etc/dhclient.conf"}
	if path := os.Getenv("PATH_DHCLIENT_CONF"); path != "" {
		paths = []string{path}
	}
	if i := slices.IndexFunc(paths, exists); i >= 0 {
		return paths[i]
	}
	return ""
}

// hold keeps a text in a file without a name, and gives a path to it for the
// programs that this process starts or becomes. It is gone when they are, whatever
// ends them. In /tmp, dhclient could not read it under Debian's AppArmor profile.
func hold(name, text string) (path string, err error) {
	fd, err := unix.MemfdCreate(name, 0)
	if err != nil {
		return "", fmt.Errorf("keep %s: %w", name, err)
	}
	// No os.File: when that is collected it closes the descriptor.
	for rest := []byte(text); len(rest) > 0; {
		n, err := unix.Write(fd, rest)
		if err != nil {
			return "", fmt.Errorf("write %s: %w", name, err)
		}
		rest = rest[n:]
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd), nil
}
