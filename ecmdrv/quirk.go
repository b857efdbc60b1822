package ecmdrv

import "io-pkt/usb"

// A quirk is a way in which a device must be treated unlike others.
type quirk uint8

const (
	// keepsSetting: a device that fails when its data interface goes through
	// setting 0 at the start.
	keepsSetting quirk = 1 << iota
	// sharesAddress: a maker who gives the same locally administered address to
	// all devices.
	sharesAddress
)

// anyProduct is a vendor's whole range.
const anyProduct = -1

// quirks lists the devices that have some, as Linux knows them.
var quirks = [...]struct {
	vendor  uint16
	product int
	quirk   quirk
}{
	{0x1bc7, 0x1081, keepsSetting}, // Telit FE990
	{0x1bc7, 0x1083, keepsSetting},
	{0x19d2, anyProduct, sharesAddress}, // ZTE
}

// quirksOf gives all quirks of a device.
func quirksOf(d usb.DeviceDescriptor) (q quirk) {
	for _, e := range quirks {
		if e.vendor == d.VendorID && (e.product == anyProduct || e.product == int(d.ProductID)) {
			q |= e.quirk
		}
	}
	return q
}

// better lists chips that work as CDC-ECM, but for which Linux has a driver that
// makes more of them: a Realtek moves twice the data with r8152.
var better = [...]struct {
	vendor   uint16
	products []uint16
	driver   string
}{
	{0x0bda, []uint16{0x8152, 0x8153, 0x8156, 0x8157}, "r8152"}, // Realtek
	{0x045e, []uint16{0x07ab, 0x07c6, 0x0927}, "r8152"},         // Microsoft
	{0x04e8, []uint16{0xa101}, "r8152"},                         // Samsung
	{0x0955, []uint16{0x09ff}, "r8152"},                         // Nvidia
	{0x13b1, []uint16{0x0041}, "r8152"},                         // Linksys
	{0x17ef, []uint16{0x3054, 0x3062, 0x3069, 0x3082, 0x7205, 0x720c, 0x7214, 0x721e, 0xa387}, "r8152"},
	{0x20f4, []uint16{0xe02b}, "r8152"},        // Trendnet
	{0x2357, []uint16{0x0601}, "r8152"},        // TP-Link
	{0x0b95, []uint16{0x1790}, "ax88179_178a"}, // ASIX
	{0x0b95, []uint16{0x2790, 0x2791}, "aqc111"},
	{0x1c04, []uint16{0x0015}, "aqc111"}, // QNAP
	{0x20f4, []uint16{0xe05a}, "aqc111"}, // Trendnet
	{0x2eca, []uint16{0xc101}, "aqc111"}, // Aquantia
}

// betterDriver names the Linux driver that makes more of a device, or is "".
func betterDriver(d usb.DeviceDescriptor) string {
	for _, e := range better {
		for _, p := range e.products {
			if e.vendor == d.VendorID && p == d.ProductID {
				return e.driver
			}
		}
	}
	return ""
}
