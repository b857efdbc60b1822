package ctl

// The bits of checksum and segmentation offloads, which stand in a word for each
// direction (QNX 6.6 net/if.h; NetBSD has one word with other bits).
const (
	CapIP4Csum uint32 = 1 << iota
	CapTCP4Csum
	CapUDP4Csum
	CapTCP6Csum
	CapUDP6Csum
	CapTSO4
	CapTSO6
)
