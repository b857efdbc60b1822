// Package host is the machine's own USB bus: a usb.Stack on Linux's usbfs.
//
// gousb (libusb) selects the configuration, in a context that is closed again: see
// Device.withHandle. What devices there are, and their descriptors, are the kernel's to
// say, in sysfs and usbfs: gousb asks for those of all devices whenever it opens one, and
// panics at the one that is hostile. What goes on with a device all the time goes through
// descriptors of our own on its node in usbfs, one for each claimed interface, because
// usbfs ties a claim to the descriptor that made it, and one for all else. Pipes are
// driven with usbfs' URBs: gousb's streams always send their whole buffer, and its
// single writes wait for each other, so neither can carry frames.
//
// A Stack is a name for a directory in usbfs layout and starts no goroutine; it
// lives until Close. A Device has one goroutine that waits for the device to be
// pulled; Close ends it. A Queue has none: the goroutine that calls it does
// everything.
//
// The kernel's drivers are taken off the interfaces that are claimed and off no
// others, and get them back on Release or Close.
package host
