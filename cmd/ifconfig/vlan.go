package main

import (
	"errors"
	"fmt"
	"strings"

	"io-pkt/internal/ctl"
)

// errNoVLAN is the refusal of a word for VLANs on any other interface.
var errNoVLAN = errors.New("valid only with vlan(4) interfaces")

// setTag takes the tag, which counts for the parent that follows it. An interface
// that has a parent already refuses.
func (p *planner) setTag(text string) error {
	if p.iface.VLAN == nil {
		return errNoVLAN
	}
	tag, ok := prefixLength(text, 0xffff) // as atoi(3) reads it
	if !ok {
		tag = 0xffff // and io-pkt refuses it
	}
	p.tag = &tag
	if parent := p.iface.VLAN.Parent; parent != "" {
		p.setVLAN(ctl.VLAN{Tag: tag, Parent: parent})
	}
	return nil
}

func (p *planner) setParent(name string) error {
	switch {
	case p.iface.VLAN == nil:
		return errNoVLAN
	case p.tag == nil:
		return errors.New("must specify both ``vlan'' and ``vlanif''")
	}
	p.setVLAN(ctl.VLAN{Tag: *p.tag, Parent: name})
	return nil
}

func (p *planner) unsetParent([]string) error {
	if p.iface.VLAN == nil {
		return errNoVLAN
	}
	p.setVLAN(ctl.VLAN{})
	return nil
}

func (p *planner) setVLAN(v ctl.VLAN) {
	p.add(step{ioctl: "SIOCSETVLAN", request: ctl.Request{Op: ctl.OpSetVLAN, Interface: p.iface.Name, VLAN: &v}})
}

func showVLAN(b *strings.Builder, v *ctl.VLAN) {
	if v == nil || *v == (ctl.VLAN{}) {
		return
	}
	parent := v.Parent
	if parent == "" {
		parent = "<none>"
	}
	fmt.Fprintf(b, "\tvlan: %d parent: %s\n", v.Tag, parent)
}
