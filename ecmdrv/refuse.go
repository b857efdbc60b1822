package ecmdrv

import "io-pkt/usb"

// Why a device that says it is CDC-ECM is not driven.
const (
	refuseCRC  = "a Zaurus: it ends each frame with a CRC of its own"
	refuseVL   = "an LG VL600: it puts headers of its own before each frame"
	refuseQMI  = "a QMI modem: its ECM descriptors do not tell the truth"
	refuseMDLM = "an MDLM device: its frames are not plain Ethernet"
)

// anyInterface refuses the whole device.
const anyInterface = -1

// refused lists the devices that claim to be CDC-ECM and are not. Linux, FreeBSD
// and NetBSD keep the same lists.
var refused = [...]struct {
	vendor, product uint16
	iface           int
	reason          string
}{
	{0x04dd, 0x8004, anyInterface, refuseCRC}, // Sharp SL-5500, A-300, B-500, C-700, C-750 ...
	{0x04dd, 0x8005, anyInterface, refuseCRC},
	{0x04dd, 0x8006, anyInterface, refuseCRC},
	{0x04dd, 0x8007, anyInterface, refuseCRC},
	{0x04dd, 0x9031, anyInterface, refuseCRC},
	{0x04dd, 0x9032, anyInterface, refuseCRC},
	{0x04dd, 0x9050, anyInterface, refuseCRC},
	{0x07b4, 0x0f02, anyInterface, refuseCRC}, // Olympus R-1000
	{0x22b8, 0x600c, anyInterface, refuseCRC}, // Motorola USBLAN
	{0x22b8, 0x6027, anyInterface, refuseCRC},
	{0x1004, 0x61aa, anyInterface, refuseVL},
	{0x046d, 0xc11f, anyInterface, refuseMDLM}, // Logitech Harmony 900
	{0x1410, 0xb001, anyInterface, refuseQMI},  // Novatel
	{0x1410, 0x9010, anyInterface, refuseQMI},
	{0x1410, 0x9011, anyInterface, refuseQMI},
	{0x413c, 0x8195, anyInterface, refuseQMI}, // Dell
	{0x413c, 0x8196, anyInterface, refuseQMI},
	{0x413c, 0x819b, anyInterface, refuseQMI},
	{0x03f0, 0x421d, anyInterface, refuseQMI}, // HP
	{0x16d5, 0x650a, anyInterface, refuseQMI}, // AnyDATA
	{0x12d1, 0x14ac, 1, refuseQMI},            // Huawei E1820
}

// refusal gives the reason not to drive an interface of a device, or "".
func refusal(d usb.DeviceDescriptor, iface uint8) string {
	for _, r := range refused {
		if r.vendor == d.VendorID && r.product == d.ProductID &&
			(r.iface == anyInterface || r.iface == int(iface)) {
			return r.reason
		}
	}
	return ""
}
