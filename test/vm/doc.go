// Package vm holds no code: its tests run the project in a virtual machine that
// has a real USB stack and real counterparts, which no container has.
//
//	our test binaries, io-pkt ──> usb/host ──> Linux's usbfs, dummy_hcd ──> Linux's ECM gadget
//	io-usb -d sim ──> USB/IP ──> Linux's vhci_hcd ──> Linux's cdc_ether
//	                                              ├─> usb/host, the suite of usb/usbtest
//	                                              └─> io-pkt, and usbmon beside it
//	io-pkt ──> usb/host ──> Linux's usbfs, xhci_hcd ──> QEMU's usb-net
//
// The guest is that of scripts/vm: it boots in seconds, needs no KVM, and its
// root is this machine's own. Each test boots one guest and runs one script of
// testdata in it, which checks what it does by itself: an error, or a wait that
// is in vain, ends it. The Go side builds what runs there. As many guests run side
// by side as the machine has processors, for each keeps one busy.
package vm
