package daemon

import (
	"fmt"
	"math"
	"os"
	"os/user"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A User is whom the option -U of QNX's servers says to run as.
type User struct {
	UID, GID int
	Groups   []int // the supplementary ones

	spec string
}

// ParseUser reads uid[:gid[,gid]...] or name[,gid]...; a uid alone is its group's
// number, too.
func ParseUser(spec string) (User, error) {
	first, rest, _ := strings.Cut(spec, ",")
	u, err := numeric(first)
	if err != nil {
		if u, err = named(first); err != nil {
			return User{}, fmt.Errorf("bad user %q: %w", spec, err)
		}
	}
	for group := range strings.SplitSeq(rest, ",") {
		if group == "" {
			continue
		}
		gid, err := number(group)
		if err != nil {
			return User{}, fmt.Errorf("bad user %q: group: %w", spec, err)
		}
		u.Groups = append(u.Groups, gid)
	}
	u.spec = spec
	return u, nil
}

// Become gives up being root, for good.
func (u User) Become() error {
	// The groups first: afterwards it is not allowed any more.
	if err := syscall.Setgroups(u.Groups); err != nil {
		return fmt.Errorf("run as %s: set groups: %w", u.spec, err)
	}
	if err := syscall.Setresgid(u.GID, u.GID, u.GID); err != nil {
		return fmt.Errorf("run as %s: set group %d: %w", u.spec, u.GID, err)
	}
	if err := syscall.Setresuid(u.UID, u.UID, u.UID); err != nil {
		return fmt.Errorf("run as %s: set user %d: %w", u.spec, u.UID, err)
	}
	return nil
}

// Exec begins the program anew as the user, who has nothing of root's rights but
// those of the capabilities named that it had (capabilities(7)). The process and its
// arguments stay the same. It must be called before Start, and returns only when it fails; then
// nothing is left to do but to exit.
//
// Beginning anew is the one way that concerns all threads: a Go program cannot
// name those that cgo has started.
func (u User) Exec(args []string, capabilities ...int) error {
	runtime.LockOSThread() // what follows is the thread's, and exec makes it the process's
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("run as %s: keep capabilities: %w", u.spec, err)
	}
	if err := u.Become(); err != nil {
		return err
	}
	if err := keep(capabilities); err != nil {
		return fmt.Errorf("run as %s: keep capabilities: %w", u.spec, err)
	}
	return fmt.Errorf("run as %s: %w", u.spec, syscall.Exec("/proc/self/exe", args, os.Environ()))
}

// keep drops all capabilities but those of these that the process has. Programs that
// are executed have them, too.
func keep(capabilities []int) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var has, data [2]unix.CapUserData // version 3 has two words
	if err := unix.Capget(&header, &has[0]); err != nil {
		return err
	}
	capabilities = slices.DeleteFunc(slices.Clone(capabilities), func(c int) bool {
		return has[c/32].Permitted&(1<<(c%32)) == 0
	})
	for _, c := range capabilities {
		d, bit := &data[c/32], uint32(1)<<(c%32)
		d.Effective |= bit
		d.Permitted |= bit
		d.Inheritable |= bit
	}
	if err := unix.Capset(&header, &data[0]); err != nil {
		return err
	}
	for _, c := range capabilities {
		if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, uintptr(c), 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// numeric reads uid[:gid].
func numeric(s string) (User, error) {
	u, g, hasGroup := strings.Cut(s, ":")
	if !hasGroup {
		g = u
	}
	uid, err := number(u)
	if err != nil {
		return User{}, err
	}
	gid, err := number(g)
	if err != nil {
		return User{}, err
	}
	return User{UID: uid, GID: gid}, nil
}

// named looks a user up.
func named(name string) (User, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return User{}, err
	}
	return numeric(u.Uid + ":" + u.Gid)
}

// number reads the number of a user or group. The highest means "no change" to
// the system calls.
func number(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err == nil && n == math.MaxUint32 {
		err = strconv.ErrRange
	}
	return int(n), err
}
