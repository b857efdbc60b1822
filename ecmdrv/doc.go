// Package ecmdrv drives CDC-ECM devices, modems and Ethernet adapters, through
// any usb.Stack: it is what devnp-ecm.so and devnp-ecmplus.so are on QNX.
//
// The pure part takes bytes and words apart: options.go, function.go (which
// interfaces and endpoints of a device are its ECM function), mac.go, notify.go,
// frame.go, atline.go (where AT commands and their responses end); quirk.go and
// refuse.go list what is known of single products. The moving part is a module,
// made by Driver.Load, with a device for each interface: one for each function of a
// USB device. A device lives from attach until it is pulled, or the host closes it,
// and has two goroutines meanwhile, and a part of a third:
//
//   - a mover moves frames, for several devices, the loop of each; it never waits for
//     anything but poll(2),
//   - the control goroutine makes the requests that the device has to answer,
//     listens to notifications and carries AT commands,
//   - the supervisor waits until both are done with the device, gives the hardware back and
//     takes the interface of a pulled device away.
//
// AT commands come from a Terminal, which Driver.Serial makes beside each interface.
// The channel (at.go, atresponse.go) sends them as encapsulated commands, one at a
// time, and writes to the terminal what the device answers or says by itself,
// whether it notifies that or not. What it refuses is answered with ERROR in its
// place.
//
// Device.Close makes both be done with it and gives the hardware back. A resident module
// (pnp) has one more goroutine, which follows the bus. Module.Close ends it and
// closes all devices.
//
// ECM 1.2 is the Ethernet Control Model subclass specification, CDC 1.2 the
// communications class's, both in their revisions of 2007 and 2010.
package ecmdrv
