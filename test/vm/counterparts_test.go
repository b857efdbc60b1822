package vm

import "testing"

// Linux attaches the simulator over USB/IP and drives it with cdc_ether: an
// independent judge. Then usb/host drives it on that bus.
func TestUSBIP(t *testing.T) {
	g := newGuest(t)
	g.tests("io-pkt/usb/host", "host.test")
	g.commands(map[string][]string{"io-usb": nil})
	g.wantSpeeds(g.run("usbip.sh", speeds...))
}

// QEMU's CDC-ECM device on an xHCI controller, which moves data by DMA.
func TestXHCI(t *testing.T) {
	g := newGuest(t)
	g.tests("io-pkt/usb/host", "host.test")
	g.commands(programs)
	g.qemu = "-device qemu-xhci -netdev user,id=far,restrict=on -device usb-net,netdev=far"
	t.Log(g.run("xhci.sh"))
}
