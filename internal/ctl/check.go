package ctl

import (
	"fmt"
	"strings"
	"syscall"
)

// Limits of the words in a request. Drivers' option words are the longest that
// occur; an interface name is IFNAMSIZ at most, but how a longer one fails is for
// the stack to say.
const (
	maxName    = 255
	maxDriver  = 4096 // PATH_MAX
	maxOptions = 32 << 10
)

// ops says for each operation whether it changes something.
var ops = map[Op]bool{
	OpList: false, OpGet: false, OpFollow: false, OpCloners: false,
	OpSetFlags: true, OpSetMTU: true, OpSetMetric: true, OpSetMedia: true, OpSetCap: true, OpZeroStats: true,
	OpAddAddr: true, OpDelAddr: true, OpPrefer: true, OpAddLink: true, OpDelLink: true,
	OpCreate: true, OpDestroy: true, OpSetVLAN: true, OpMount: true,
}

// Changes reports whether the operation is for the privileged only.
func (o Op) Changes() bool { return ops[o] }

// check looks at everything in a request that can be judged without knowing the
// interfaces: a handler sees only requests that passed.
func (r Request) check() error {
	if _, known := ops[r.Op]; !known {
		return fmt.Errorf("operation %.32q: %w", r.Op, syscall.ENOSYS)
	}
	for _, w := range []struct {
		what, word string
		limit      int
	}{
		{"interface", r.Interface, maxName},
		{"driver", r.Driver, maxDriver},
		{"options", r.Options, maxOptions},
		{"link address", r.MAC, maxName},
		{"media", r.Media, maxName},
	} {
		if len(w.word) > w.limit {
			return fmt.Errorf("%s of %d bytes: %w", w.what, len(w.word), syscall.ENAMETOOLONG)
		}
		if strings.ContainsFunc(w.word, isControl) {
			return fmt.Errorf("%s %.32q: %w", w.what, w.word, syscall.EINVAL)
		}
	}
	switch r.Op {
	case OpList, OpFollow, OpCloners:
	case OpMount:
		if r.Driver == "" {
			return fmt.Errorf("mount without a driver: %w", syscall.EINVAL)
		}
	case OpAddAddr, OpPrefer:
		if r.Address == nil {
			return fmt.Errorf("%s without an address: %w", r.Op, syscall.EINVAL)
		}
		fallthrough
	default:
		if r.Interface == "" {
			return fmt.Errorf("%s without an interface: %w", r.Op, syscall.EINVAL)
		}
	}
	if r.Address != nil {
		if err := r.Address.check(); err != nil {
			return err
		}
	}
	if r.VLAN != nil {
		return r.VLAN.check()
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// check refuses an address whose parts do not belong together.
func (a *Address) check() error {
	bad := func(what string) error { return fmt.Errorf("address %v: %s: %w", a.Addr, what, syscall.EINVAL) }
	switch {
	case !a.Addr.IsValid():
		return bad("none given")
	case a.Addr.Is4In6():
		return bad("inet address in inet6 form")
	case a.Addr.Zone() != "" || a.Dest.Zone() != "" || a.Broadcast.Zone() != "":
		return bad("has a zone")
	case a.Dest.IsValid() && a.Dest.BitLen() != a.Addr.BitLen():
		return bad("destination is of another family")
	case a.Broadcast.IsValid() && (!a.Addr.Is4() || !a.Broadcast.Is4()):
		return bad("broadcast address is not inet")
	case a.PrefixLen < 0 || a.PrefixLen > a.Addr.BitLen():
		return bad("prefix length out of range")
	case a.Addr.Is6() && a.Mask != 0:
		return bad("netmask with inet6")
	}
	return nil
}

// check refuses what is no tag and no name.
func (v *VLAN) check() error {
	if v.Tag < 0 || v.Tag > 0xffff {
		return fmt.Errorf("vlan %d: %w", v.Tag, syscall.EINVAL)
	}
	if len(v.Parent) > maxName || strings.ContainsFunc(v.Parent, isControl) {
		return fmt.Errorf("vlan on %.32q: %w", v.Parent, syscall.EINVAL)
	}
	return nil
}
