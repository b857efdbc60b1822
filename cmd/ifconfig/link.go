package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"io-pkt/internal/ctl"
)

// A linkPlan is the link address that a line adds, removes or activates. The
// family is none of NetBSD 4's; QNX has it from a later one.
type linkPlan struct {
	mac    string
	active bool
}

// parseLink reads six bytes in hexadecimal, of one or two digits each, with colons
// or dashes between them, and gives them as they are printed.
func parseLink(text string) (string, bool) {
	separator := ":"
	if strings.Contains(text, "-") {
		separator = "-"
	}
	var mac net.HardwareAddr
	for part := range strings.SplitSeq(text, separator) {
		b, err := strconv.ParseUint(part, 16, 8)
		if err != nil || len(part) > 2 {
			return "", false
		}
		mac = append(mac, byte(b))
	}
	return mac.String(), len(mac) == 6
}

// setLink takes the address.
func (p *planner) setLink(text string) error {
	mac, ok := parseLink(text)
	if !ok {
		return badValue(text)
	}
	p.given, p.link.mac = true, mac
	return nil
}

// linkSteps adds or removes. Unlike an inet address, a link address replaces
// none, does not bring the interface up, and its failure ends the command.
func (p *planner) linkSteps() []step {
	r := ctl.Request{Op: ctl.OpAddLink, Interface: p.iface.Name, MAC: p.link.mac, Active: p.link.active}
	switch {
	case p.alias < 0:
		r.Op, r.Active = ctl.OpDelLink, false
		return []step{{ioctl: "SIOCDLIFADDR", request: r}}
	case !p.given:
		return nil
	}
	return []step{{ioctl: "SIOCALIFADDR", request: r}}
}

// showLinks prints the link addresses that are not in use.
func showLinks(b *strings.Builder, links []string) {
	for _, mac := range links {
		fmt.Fprintf(b, "\tlink %s\n", mac)
	}
}
