package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"io-pkt/internal/qnx"
)

// clients are the DHCP clients that are known, the best one first, by their
// command lines.
var clients = [][]string{{"dhclient"}, {"udhcpc"}, {"dhcpcd"}, {"busybox", "udhcpc"}}

// scripts are what udhcpc leaves the configuring to; it is of no use without.
var scripts = []string{"/etc/udhcpc/default.script", "/usr/share/udhcpc/default.script"}

// find gives the system's DHCP client, and how its command line begins.
func find() (path string, argv []string, err error) {
	useless := ""
	for _, line := range clients {
		path, err := lookPath(line[0])
		switch {
		case err != nil:
		case line[len(line)-1] == "udhcpc" && !slices.ContainsFunc(scripts, exists):
			useless = path
		default:
			return path, slices.Clone(line), nil
		}
	}
	if useless != "" {
		return "", nil, fmt.Errorf("%s is no DHCP client without %s: %s",
			useless, strings.Join(scripts, " or "), qnx.ErrnoText(syscall.ENOENT))
	}
	return "", nil, fmt.Errorf("no DHCP client on this machine: %s", qnx.ErrnoText(syscall.ENOENT))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// lookPath finds a program that is not this one: dhclient is one of its names.
func lookPath(name string) (string, error) {
	self, err := os.Stat("/proc/self/exe")
	if err != nil {
		return "", err
	}
	// Users' PATH may lack where these programs are.
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if !filepath.IsAbs(dir) {
			continue
		}
		path, err := exec.LookPath(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if info, err := os.Stat(path); err == nil && !os.SameFile(info, self) {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}

// arguments puts a request into a client's words. conf is where dhclient's are.
func (r request) arguments(client, conf string) []string {
	var a []string
	add := func(condition bool, words ...string) {
		if condition {
			a = append(a, words...)
		}
	}
	foreground := !r.background || r.now // start puts it where it belongs
	switch client {
	case "dhclient":
		add(foreground, "-d")
		add(r.tries > 0, "-1")
		return append(a, "-cf", conf, r.iface)
	case "udhcpc":
		add(foreground, "-f")
		const pause = 3 // seconds between its requests
		add(r.tries > 0, "-n", "-T", strconv.Itoa(pause), "-t", strconv.Itoa(max(r.limit()/pause, 1)))
		add(!r.unicast, "-B")
		add(r.hostname != "", "-x", "hostname:"+r.hostname)
		// Option 61 begins with a type, 0 for what is no hardware address (RFC 2132, 9.14).
		add(r.ident != "", "-x", "0x3d:00"+hex.EncodeToString([]byte(r.ident)))
		return append(a, "-R", "-i", r.iface)
	}
	// An address that it makes up itself (-L) or has by IPv6 (-4) is no answer of a
	// server's. 0 is for ever; without -t it gives up after 30 seconds.
	add(foreground, "-B")
	add(true, "-4", "-L", "-t", strconv.Itoa(r.limit()))
	add(!r.unicast, "-J")
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`) // dhcpcd takes words apart as C does strings
	add(r.hostname != "", "-h", quoted.Replace(r.hostname))
	add(r.ident != "", "-I", quoted.Replace(r.ident))
	return append(a, r.iface)
}
