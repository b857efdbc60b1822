package netif

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// How many frames the kernel keeps for Fetch, in each lane. Unlike other hardware's, a
// TAP's queue never holds its senders back: what does not fit is dropped.
const (
	// queueLen is without a gate. 500, the kernel's choice, are up to 32 MB of TCP, behind
	// which all that TCP sends next has to wait, and everything else where there is one
	// lane: 49 ms in the guest of scripts/vm, 17 behind these, at the same rates. Fewer are
	// too few for what comes at once: the largest datagram is 45 frames.
	queueLen = 64
	// gatedLen is with one, which bounds the bytes: as many as other Ethernet interfaces
	// have. Eight connections over a path of 40 ms have 329 Mb/s, in the guest that counts
	// instructions, and 127 with queueLen, which is soon full of small pieces.
	gatedLen = 1000
)

// setQueue gives an interface its queue, and no queueing discipline before it, which
// could never hold anything. Without one a sender is told at once of what did not
// fit: TCP sends it again when there is room, as if nothing had been lost.
func setQueue(l netlink.Link, length int) error {
	if err := netlink.LinkSetTxQLen(l, length); err != nil {
		return fmt.Errorf("setting the length of its queue: %w", err)
	}
	none := &netlink.GenericQdisc{
		QdiscAttrs: netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Parent: netlink.HANDLE_ROOT},
		QdiscType:  "noqueue",
	}
	err := netlink.QdiscReplace(none)
	if err != nil && !errors.Is(err, unix.EOPNOTSUPP) { // the kernel may be without any
		return fmt.Errorf("taking its queueing discipline away: %w", err)
	}
	return nil
}
