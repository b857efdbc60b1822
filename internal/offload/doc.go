// Package offload does for frames what a network card does when the kernel lets
// it: it fills in checksums, cuts large TCP and UDP frames into those that fit
// the wire, and joins received ones before the kernel sees them. The kernel's
// side of that is the header of virtio-net, which stands before each frame of a
// TAP with IFF_VNET_HDR (VIRTIO 1.2, 5.1.6).
//
// A Splitter has one large frame at a time, and writes what it is cut into where
// its user wants it, checksums and all. A Coalescer has the frames of one batch, and
// joins those that follow each other; nothing stays in it, so that nothing waits.
// Cutting what was joined gives the frames that came. Datagrams to groups and DHCP's are
// left as they are, for those who get them uncut.
//
// Everything here is pure: no I/O, no goroutine, nothing to close.
package offload
