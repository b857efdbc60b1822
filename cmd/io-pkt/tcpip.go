package main

import (
	"slices"
	"strings"
)

// tcpipOptions are the options of the tcpip protocol that io-pkt 6.6 accepts
// (QNX "io-pkt-v4, io-pkt-v4-hc, io-pkt-v6-hc" and, for the older names,
// "npm-tcpip-v6.so"). Except for prefix and random they set up a protocol
// stack, which here is Linux's own: they are accepted and do nothing.
var tcpipOptions = strings.Fields(`
	prefix random
	forward forward6 fastforward ipsec pfil_ipsec nocryptodev
	recv_ctxt reply_ctxt reuseport_unicast somaxconn
	rx_prio rx_pulse_prio timer_pulse_prio timertol tickstop_min tickstop_max
	stacksize bigstack stackguard threads_min threads_max threads threads_incr
	cache mbuf_cache pkt_cache mtag_cache mclbytes pagesize bigpage_strict
	pkt_typed_mem confstr_monitor enmap rgroup_allowed
	num_tap_interface num_tun_control_interface
	so_txprio_enable strict_ts gtimerlib mfib_enable mfib_gid_map altq min_fperms`)

// tcpip is what the options of -ptcpip say.
type tcpip struct {
	prefix string // put before /dev/socket and the other names
	random bool   // use the system's random numbers
	idle   []string
	// unknown are the options that nobody knows.
	unknown []string
}

// parseTCPIP reads the option words of all -ptcpip on a command line. When an
// option is repeated the last one counts.
func parseTCPIP(protocols []module) tcpip {
	var t tcpip
	for _, p := range protocols {
		if !isTCPIP(p.name) {
			continue
		}
		for option := range strings.SplitSeq(p.options, ",") {
			t.take(option)
		}
	}
	return t
}

func (t *tcpip) take(option string) {
	name, value, _ := strings.Cut(option, "=")
	switch {
	case option == "":
	case name == "prefix":
		t.prefix = value
	case name == "random":
		t.random = true
	case slices.Contains(tcpipOptions, name):
		t.idle = append(t.idle, name)
	default:
		t.unknown = append(t.unknown, name)
	}
}

// isTCPIP reports whether the argument of -p names the built-in protocol: any
// that contains the word does, "/lib/dll/npm-tcpip.so" too.
func isTCPIP(protocol string) bool { return strings.Contains(protocol, "tcpip") }
