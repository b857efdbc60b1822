package netif

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// AddVLAN makes a VLAN interface (IEEE 802.1Q) on top of another: down, with the
// parent's address. As on QNX it is up or down by itself, whatever the parent is.
// The error of a kernel that knows no VLANs is EOPNOTSUPP.
func AddVLAN(name string, parent, tag, mtu int) (index int, err error) {
	if err := CheckName(name); err != nil {
		return 0, err
	}
	v := &netlink.Vlan{LinkAttrs: netlink.NewLinkAttrs(), VlanId: tag, LooseBinding: new(true)}
	v.Name, v.ParentIndex, v.MTU = name, parent, mtu
	if err := netlink.LinkAdd(v); err != nil {
		return 0, fmt.Errorf("%s: making VLAN %d on interface %d: %w", name, tag, parent, err)
	}
	return v.Index, nil
}

// DeleteLink removes an interface that was made on top of another.
func DeleteLink(index int) error {
	if err := netlink.LinkDel(link(index)); err != nil {
		return fmt.Errorf("interface %d: removing it: %w", index, err)
	}
	return nil
}

// SetMAC sets an interface's Ethernet address, also while it is up.
func SetMAC(index int, mac net.HardwareAddr) error {
	if err := netlink.LinkSetHardwareAddr(link(index), mac); err != nil {
		return fmt.Errorf("interface %d: setting the address %v: %w", index, mac, err)
	}
	return nil
}
