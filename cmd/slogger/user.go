package main

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// An identity is whom -U says to run as.
type identity struct {
	uid, gid int
	groups   []int
}

// become gives up being root; "" stays.
func become(spec string) error {
	if spec == "" {
		return nil
	}
	who, err := parseIdentity(spec)
	if err != nil {
		return err
	}
	// The groups first: afterwards it is not allowed any more.
	if err := syscall.Setgroups(who.groups); err != nil {
		return fmt.Errorf("run as %s: set groups: %w", spec, err)
	}
	if err := syscall.Setgid(who.gid); err != nil {
		return fmt.Errorf("run as %s: set group %d: %w", spec, who.gid, err)
	}
	if err := syscall.Setuid(who.uid); err != nil {
		return fmt.Errorf("run as %s: set user %d: %w", spec, who.uid, err)
	}
	return nil
}

// parseIdentity reads uid[:gid[,gid]...] or name[,gid]...; a uid alone is its
// group's number, too.
func parseIdentity(spec string) (identity, error) {
	first, rest, _ := strings.Cut(spec, ",")
	who, err := numeric(first)
	if err != nil {
		if who, err = named(first); err != nil {
			return identity{}, fmt.Errorf("bad user %q: %w", spec, err)
		}
	}
	for group := range strings.SplitSeq(rest, ",") {
		if group == "" {
			continue
		}
		gid, err := number(group)
		if err != nil {
			return identity{}, fmt.Errorf("bad user %q: group: %w", spec, err)
		}
		who.groups = append(who.groups, gid)
	}
	return who, nil
}

// numeric reads uid[:gid].
func numeric(s string) (identity, error) {
	u, g, hasGroup := strings.Cut(s, ":")
	if !hasGroup {
		g = u
	}
	uid, err := number(u)
	if err != nil {
		return identity{}, err
	}
	gid, err := number(g)
	if err != nil {
		return identity{}, err
	}
	return identity{uid: uid, gid: gid}, nil
}

// named looks a user up.
func named(name string) (identity, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return identity{}, err
	}
	return numeric(u.Uid + ":" + u.Gid)
}

// number reads the number of a user or group. The highest means "no change" to
// the system calls.
func number(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err == nil && n == 1<<32-1 {
		err = strconv.ErrRange
	}
	return int(n), err
}
