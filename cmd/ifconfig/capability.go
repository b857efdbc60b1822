package main

import (
	"fmt"
	"strings"

	"io-pkt/internal/ctl"
)

// capabilityNames are the capabilities' names by bit, lowest first.
var capabilityNames = []string{"IP4CSUM", "TCP4CSUM", "UDP4CSUM", "TCP6CSUM", "UDP6CSUM", "TSO4", "TSO6"}

// capabilityText prints capabilities as flagText does flags: 7<IP4CSUM,...>.
func capabilityText(bits uint32) string { return bitText(bits, capabilityNames) }

// showCapabilities prints what an interface is capable of, and what is enabled
// of that, in each direction that has any.
func showCapabilities(b *strings.Builder, n ctl.Interface) {
	if n.CapRx|n.CapTx == 0 {
		return
	}
	directions := func(what string, rx, tx uint32) {
		if rx != 0 {
			fmt.Fprintf(b, "\t%s rx=%s\n", what, capabilityText(rx))
		}
		if tx != 0 {
			fmt.Fprintf(b, "\t%s tx=%s\n", what, capabilityText(tx))
		}
	}
	directions("capabilities", n.CapRx, n.CapTx)
	if n.EnabledRx|n.EnabledTx == 0 {
		b.WriteString("\tenabled=0\n")
	}
	directions("enabled", n.EnabledRx, n.EnabledTx)
}

// A capabilityPlan is what shall be enabled.
type capabilityPlan struct {
	said   bool
	rx, tx uint32
}

// capabilityWords are the words for the capabilities: those for checksums with
// -rx or -tx for one direction only, those for segmentation, which is about
// sending, and all of them with a dash in front.
func capabilityWords() (entries []entry) {
	add := func(name string, rx, tx uint32) {
		entries = append(entries,
			entry{name, 0, func(p *planner, _ []string) error {
				p.capability = capabilityPlan{true, p.capability.rx | rx, p.capability.tx | tx}
				return nil
			}},
			entry{"-" + name, 0, func(p *planner, _ []string) error {
				p.capability = capabilityPlan{true, p.capability.rx &^ rx, p.capability.tx &^ tx}
				return nil
			}})
	}
	for bit, name := range capabilityNames {
		name, mask := strings.ToLower(name), uint32(1)<<bit
		if mask >= ctl.CapTSO4 {
			add(name, 0, mask)
			continue
		}
		add(name, mask, mask)
		add(name+"-rx", mask, 0)
		add(name+"-tx", 0, mask)
	}
	return entries
}

// capabilitySteps enables and disables, if the line has said anything of it.
func (p *planner) capabilitySteps() []step {
	if !p.capability.said {
		return nil
	}
	return []step{{ioctl: "SIOCSIFCAP", request: ctl.Request{
		Op: ctl.OpSetCap, Interface: p.iface.Name, Rx: p.capability.rx, Tx: p.capability.tx,
	}}}
}
