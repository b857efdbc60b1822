// Package usbip carries USB over a unix socket or TCP: the USB/IP protocol,
// version 1.1.1, as in Linux's Documentation/usb/usbip_protocol.rst
// ("usbip_protocol.rst" below).
//
// Both sides are here. A [Server] exports the devices of any usb.Stack to our
// own client and to Linux's vhci_hcd ("usbip attach"). A [Stack] is a client and
// itself a usb.Stack: it needs no USB in the kernel, and also reaches a device
// that another machine's usbipd exports.
//
// # Client
//
// [Dial] looks whether a server answers; the Stack keeps no connection of its
// own. Devices and Watch ask for the list on a connection of their own each
// time, Open imports a device and keeps that connection until Device.Close.
// Import is exclusive: while a device is open here nobody else can open it. An
// open device has two goroutines, which Close ends: one reads replies, one
// writes what the socket did not take at once.
//
// The protocol's device list does not have the whole device descriptor. In what
// Devices and Watch report bcdUSB, bMaxPacketSize0 and the string indexes are 0;
// Info of an open Device has them.
//
// # Server
//
// [Server.Serve] runs until Close. It starts one goroutine for each connection,
// and one more for the control requests of an imported device. When the device
// is pulled the connection ends: that is how clients learn.
package usbip
