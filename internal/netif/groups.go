package netif

import "sync/atomic"

// groups counts the frames to groups of one direction, which the kernel does not do
// for a TAP.
type groups struct {
	multicast, broadcast atomic.Uint64
}

// count looks at a frame's destination (IEEE 802.3, 3.2.3).
func (g *groups) count(frame []byte) {
	switch {
	case frame[0]&1 == 0:
	case [6]byte(frame) == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}:
		g.broadcast.Add(1)
	default:
		g.multicast.Add(1)
	}
}

// A Groups tells how many frames went to groups, in both directions.
type Groups struct {
	InMulticasts, InBroadcasts, OutMulticasts, OutBroadcasts uint64
}

// Groups gives the frames to groups that passed so far.
func (t *TAP) Groups() Groups {
	return Groups{
		InMulticasts: t.inGroups.multicast.Load(), InBroadcasts: t.inGroups.broadcast.Load(),
		OutMulticasts: t.outGroups.multicast.Load(), OutBroadcasts: t.outGroups.broadcast.Load(),
	}
}
