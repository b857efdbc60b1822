package main

import (
	"fmt"
	"strings"

	"io-pkt/internal/ctl"
)

// showStats prints the counters of -v, and after them the driver's own, which QNX
// leaves to nicinfo.
func showStats(b *strings.Builder, n ctl.Interface, o options) {
	s := n.Stats
	b.WriteString("\tinput: " + traffic(s.InPackets, s.InBytes, o.human))
	counts(b, s.InMulticasts, "multicast", "multicasts")
	counts(b, s.InErrors, "error", "errors")
	counts(b, s.InDrops, "queue drop", "queue drops")
	b.WriteString("\n\toutput: " + traffic(s.OutPackets, s.OutBytes, o.human))
	counts(b, s.OutMulticasts, "multicast", "multicasts")
	counts(b, s.OutErrors, "error", "errors")
	counts(b, s.OutDrops, "queue drop", "queue drops") // the original does not count these
	counts(b, s.Collisions, "collision", "collisions")
	b.WriteByte('\n')
	for _, c := range n.Counters {
		fmt.Fprintf(b, "\tdriver: %s %d\n", c.Name, c.Value)
	}
}

func traffic(packets, bytes uint64, human bool) string {
	text, one := fmt.Sprint(bytes), bytes == 1
	if human {
		text = humanize(bytes)
	}
	return fmt.Sprintf("%d %s, %s %s", packets, plural(packets == 1, "packet", "packets"),
		text, plural(one, "byte", "bytes"))
}

func counts(b *strings.Builder, n uint64, one, many string) {
	if n != 0 {
		fmt.Fprintf(b, ", %d %s", n, plural(n == 1, one, many))
	}
}

func plural(one bool, singular, many string) string {
	if one {
		return singular
	}
	return many
}

// humanize prints a size in four characters at most, as humanize_number(3) does:
// 999, 1.0K, 12K, 977K, 1.2M.
func humanize(n uint64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	const units = "KMGTPE"
	v, unit := float64(n)/1024, 0
	for v >= 999.5 && unit < len(units)-1 {
		v, unit = v/1024, unit+1
	}
	if v < 9.95 {
		return fmt.Sprintf("%.1f%c", v, units[unit])
	}
	return fmt.Sprintf("%.0f%c", v, units[unit])
}
