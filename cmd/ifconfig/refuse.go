package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"io-pkt/internal/ctl"
)

// unknownCall is how an interface refuses a call that it does not know: drivers
// with the errno of such calls, the loopback and the VLANs with that of bad
// arguments.
func (p *planner) unknownCall() error {
	if p.iface.Flags&ctl.FlagLoopback != 0 || p.iface.VLAN != nil {
		return syscall.EINVAL
	}
	return syscall.ENOTTY
}

// refusals are words for what no interface here is: wireless, a tunnel, a part of
// an aggregate. They fail as they do on a wired interface, never silently.
func refusals(ioctl string, args int, names ...string) (entries []entry) {
	for _, n := range names {
		entries = append(entries, refusal(n, ioctl, args, nil))
	}
	return entries
}

// refusal is one such word, whose arguments are looked at first.
func refusal(name, ioctl string, args int, check func(p *planner, args []string) error) entry {
	return entry{name, args, func(p *planner, args []string) error {
		if check != nil {
			if err := check(p, args); err != nil {
				return err
			}
		}
		p.add(step{ioctl: ioctl, refused: p.unknownCall()})
		return nil
	}}
}

// foreignWords are those for wireless, tunnels, aggregates and carp(4), and those of
// families that are not there: AppleTalk, ISO, IPX.
func foreignWords() (entries []entry) {
	entries = append(entries,
		entry{"tunnel", 2, (*planner).refuseTunnel},
		refusal("bssid", "SIOCS80211BSSID", 1, checkBSSID),
		refusal("chan", "SIOCS80211CHANNEL", 1, checkRange("invalid channel: %s", 0xffff)),
		refusal("vhid", "SIOCGVH", 1, checkRange("vhid: %s: must be between 0 and 255", 255)),
		refusal("advskew", "SIOCGVH", 1, checkRange("advskew: %s: must be between 0 and 254", 254)),
		refusal("advbase", "SIOCGVH", 1, checkRange("advbase: %s: must be between 0 and 255", 255)),
	)
	for _, name := range []string{"agrport", "-agrport"} {
		entries = append(entries, refusal(name, "SIOCSETAGR", 1, func(*planner, []string) error {
			return errors.New("valid only with agr(4) interfaces")
		}))
	}
	for _, r := range []struct {
		ioctl string
		args  int
		words string
	}{
		{"SIOCDIFPHYADDR", 0, "deletetunnel"},
		{"SIOCS80211NWID", 1, "ssid nwid"},
		{"SIOCS80211NWKEY", 1, "nwkey"},
		{"SIOCS80211NWKEY", 0, "-nwkey"},
		{"SIOCS80211BSSID", 0, "-bssid"},
		{"SIOCS80211CHANNEL", 0, "-chan"},
		{"SIOCG80211POWER", 0, "powersave -powersave"},
		{"SIOCG80211POWER", 1, "powersavesleep"},
		{"SIOCG80211FLAGS", 0, "hidessid -hidessid apbridge -apbridge"},
		{"SIOCGVH", 1, "pass state carpdev"},
		{"SIOCGVH", 0, "-carpdev"},
	} {
		entries = append(entries, refusals(r.ioctl, r.args, strings.Fields(r.words)...)...)
	}
	for _, name := range []string{"ipdst", "range", "phase", "snpaoffset", "nsellength"} {
		entries = append(entries, entry{name, 1, func(*planner, []string) error {
			return ioctlError{"socket", syscall.EAFNOSUPPORT}
		}})
	}
	return entries
}

// refuseTunnel looks at the addresses and then only warns, as the original does.
func (p *planner) refuseTunnel(args []string) error {
	for _, a := range args {
		if _, err := p.find(a); err != nil {
			return fmt.Errorf("error in parsing address string: %s", noName)
		}
	}
	p.add(step{ioctl: "SIOCSLIFPHYADDR", refused: p.unknownCall(), warning: true})
	return nil
}

func checkBSSID(_ *planner, args []string) error {
	if mac, err := net.ParseMAC(args[0]); err != nil || len(mac) != 6 {
		return fmt.Errorf("malformed BSSID: %s", args[0])
	}
	return nil
}

func checkRange(format string, limit int) func(*planner, []string) error {
	return func(_ *planner, args []string) error {
		if _, ok := prefixLength(args[0], limit); !ok {
			return complaint(fmt.Sprintf(format, args[0]))
		}
		return nil
	}
}
