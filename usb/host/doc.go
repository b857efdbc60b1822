// Package host is the machine's own USB bus: a usb.Stack on Linux's usbfs.
//
// Two ways lead to a device, each with a descriptor of its own on the device's
// node, because usbfs ties a claimed interface to the descriptor that claimed
// it:
//
//   - gousb (libusb) lists the devices, opens them, selects the configuration,
//     carries control requests, claims interfaces that have nothing but
//     interrupt endpoints and reads those.
//   - An interface that has a bulk endpoint in any of its settings is claimed
//     on a descriptor of ours, and its pipes are driven with usbfs' own URBs:
//     gousb's streams always send their whole buffer, and its single writes
//     wait for each other, so neither can carry frames.
//
// A Stack is a name for a directory in usbfs layout and starts no goroutine; it
// lives until Close. A Device has one goroutine that waits for the device to be
// pulled, gousb's event loop, and one more for each interrupt endpoint in use;
// Close ends them all. A Queue on bulk pipes has none: the goroutine that calls
// it does everything.
//
// The kernel's drivers are taken off the interfaces that are claimed and off no
// others, and get them back on Release or Close.
package host
