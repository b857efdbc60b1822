package main

import (
	"fmt"
	"io"
	"strings"

	"io-pkt/internal/ctl"
)

// columns is the width of a label with its dots. Scripts look for the label, dots
// and the value, with a blank between each.
const columns = 44

// row shows one line.
func row(w io.Writer, label string, value any) {
	dots := strings.Repeat(".", max(columns-len(label)-1, 1))
	fmt.Fprintf(w, "  %s %s %v\n", label, dots, value)
}

// show shows one interface, in the layout of QNX's native drivers.
func show(w io.Writer, i ctl.Interface, countersOnly bool) {
	fmt.Fprintf(w, "%s:\n", i.Name)
	if !countersOnly {
		showHardware(w, i)
	}
	showCounters(w, i)
}

func showHardware(w io.Writer, i ctl.Interface) {
	fmt.Fprintf(w, "  %s\n\n", i.Description)
	if i.PermanentMAC != "" {
		row(w, "Physical Node ID", nodeID(i.PermanentMAC))
	}
	row(w, "Current Physical Node ID", nodeID(i.MAC))
	if i.Media != nil && i.Media.BitRate > 0 {
		row(w, "Current Operation Rate", fmt.Sprintf("%.2f Mb/s full-duplex", float64(i.Media.BitRate)/1e6))
	}
	row(w, "Maximum Transmittable data Unit", i.MaxMTU)
	row(w, "Maximum Receivable data Unit", i.MaxMTU)
	promiscuous := "Off"
	if i.Flags&ctl.FlagPromisc != 0 {
		promiscuous = "On"
	}
	row(w, "Promiscuous Mode", promiscuous)
	multicast := "Disabled"
	if i.Flags&ctl.FlagMulticast != 0 {
		multicast = "Enabled"
	}
	row(w, "Multicast Support", multicast)
	fmt.Fprintln(w)
}

// showCounters shows the counters. Memory is not allocated for frames, so that
// this cannot fail.
func showCounters(w io.Writer, i ctl.Interface) {
	s := i.Stats
	row(w, "Packets Transmitted OK", s.OutPackets)
	row(w, "Bytes Transmitted OK", s.OutBytes)
	row(w, "Broadcast Packets Transmitted OK", s.OutBroadcasts)
	row(w, "Multicast Packets Transmitted OK", s.OutMulticasts-s.OutBroadcasts)
	row(w, "Memory Allocation Failures on Transmit", 0)
	fmt.Fprintln(w)
	row(w, "Packets Received OK", s.InPackets)
	row(w, "Bytes Received OK", s.InBytes)
	row(w, "Broadcast Packets Received OK", s.InBroadcasts)
	row(w, "Multicast Packets Received OK", s.InMulticasts-s.InBroadcasts)
	row(w, "Memory Allocation Failures on Receive", 0)
	fmt.Fprintln(w)
	row(w, "Packets Dropped on Transmit", s.OutDrops)
	row(w, "Packets Dropped on Receive", s.InDrops)
	for _, c := range i.Counters {
		row(w, c.Name, c.Value)
	}
}

// nodeID gives an Ethernet address as QNX prints it: 020000 000001.
func nodeID(mac string) string {
	digits := strings.ToUpper(strings.ReplaceAll(mac, ":", ""))
	if len(digits) != 12 {
		return digits
	}
	return digits[:6] + " " + digits[6:]
}
