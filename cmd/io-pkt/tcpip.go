package main

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"io-pkt/internal/getopt"
	"io-pkt/slog"
)

// idleOptions are the options of the tcpip protocol that io-pkt 6.6 accepts (QNX
// "io-pkt-v4, io-pkt-v4-hc, io-pkt-v6-hc" and, for the older names,
// "npm-tcpip-v6.so") and that set up a protocol stack which here is Linux's own:
// they do nothing. Those that do something are in take.
var idleOptions = strings.Fields(`
	ipsec pfil_ipsec nocryptodev recv_ctxt reply_ctxt reuseport_unicast
	rx_prio rx_pulse_prio timer_pulse_prio timertol tickstop_min tickstop_max
	stacksize bigstack stackguard threads_min threads_max threads threads_incr
	cache mbuf_cache pkt_cache mtag_cache mclbytes pagesize bigpage_strict
	pkt_typed_mem confstr_monitor enmap rgroup_allowed
	num_tap_interface num_tun_control_interface
	so_txprio_enable strict_ts gtimerlib mfib_enable mfib_gid_map altq min_fperms`)

// Limits of options that do nothing here, but whose bad values the log tells of.
const (
	pageSize     = 4096
	maxPageSize  = 16 << 20
	minStackSize = 4096
	maxTimerTol  = 1000 // ms
)

// tcpip is what the options of -ptcpip say.
type tcpip struct {
	prefix    string // put before /dev/socket and the other names
	random    bool   // use the system's random numbers
	forward   bool   // IPv4 packets are forwarded
	forward6  bool   // IPv6 packets are
	somaxconn int64  // the kernel's limit of listen queues is to be this, or more
	remarks   []remark

	stackSize, bigStack int64 // 0 when not given
	stackGuard          bool
}

// A remark is a line for the log.
type remark struct {
	severity slog.Severity
	text     string
}

func (t *tcpip) remark(s slog.Severity, format string, args ...any) {
	t.remarks = append(t.remarks, remark{s, "tcpip: " + fmt.Sprintf(format, args...)})
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
			if option != "" {
				t.take(option)
			}
		}
	}
	t.checkStacks()
	return t
}

func (t *tcpip) take(option string) {
	name, value, valued := strings.Cut(option, "=")
	n, _ := getopt.Number(value)
	switch name {
	case "prefix":
		t.prefix = value
	case "random":
		t.random = true
	case "forward":
		t.forward = true
	case "forward6":
		t.forward6 = true
	case "fastforward": // Linux's forwarding has no slower path
		t.forward = t.forward || !valued || n != 0
	case "somaxconn":
		t.somaxconn = n
	default:
		if !slices.Contains(idleOptions, name) {
			t.remark(slog.Info, "unrecognized option: %q", name)
			return
		}
		t.check(name, n)
		t.remark(slog.Debug1, "option %q has no effect here", name)
	}
}

// check looks at the value of an option that does nothing.
func (t *tcpip) check(name string, n int64) {
	switch name {
	case "stacksize":
		t.stackSize = n
	case "bigstack":
		t.bigStack = n
	case "stackguard":
		t.stackGuard = true
	case "pagesize":
		if n < pageSize || n > maxPageSize || bits.OnesCount64(uint64(n)) != 1 {
			t.remark(slog.Info, "pagesize %d ignored: not a power of two from %d to %d", n, pageSize, maxPageSize)
		}
	case "timertol":
		if n < 0 || n > maxTimerTol {
			t.remark(slog.Info, "timertol %d ignored: not 0 to %d", n, maxTimerTol)
		}
	}
}

// checkStacks looks at the sizes of stacks, whose options belong together.
func (t *tcpip) checkStacks() {
	size := max(t.stackSize, minStackSize)
	if over := size % pageSize; t.stackGuard && over != 0 && size < maxPageSize {
		size += pageSize - over
		t.remark(slog.Info, "stacksize rounded up to %d for stackguard", size)
	}
	if t.bigStack != 0 && t.bigStack <= size {
		t.remark(slog.Info, "bigstack %d ignored: not above stacksize %d", t.bigStack, size)
	}
}

// isTCPIP reports whether the argument of -p names the built-in protocol: any
// that contains the word does, "/lib/dll/npm-tcpip.so" too.
func isTCPIP(protocol string) bool { return strings.Contains(protocol, "tcpip") }
