package vm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Linux attaches the simulator over USB/IP and drives it with cdc_ether: an
// independent judge. Then usb/host drives it on that bus.
func TestUSBIP(t *testing.T) {
	g := newGuest(t)
	g.tests("io-pkt/usb/host", "host.test")
	g.commands(map[string][]string{"io-usb": nil})
	g.wantSpeeds(g.run("usbip.sh", speeds...))
}

// The devices of the simulator's collection, shown to Linux and to io-pkt.
func TestDescriptors(t *testing.T) {
	g := newGuest(t)
	g.commands(programs)
	g.commands(map[string][]string{"io-usb": nil})
	if err := os.CopyFS(filepath.Join(g.dir, "descriptors"), os.DirFS("../../usb/sim/testdata/descriptors")); err != nil {
		t.Fatal(err)
	}
	t.Log(g.run("descriptors.sh"))
}

// QEMU's CDC-ECM device on an xHCI controller, which moves data by DMA. Outside, the
// guest reaches a program that sends back what it gets, and on a serial port QEMU's
// monitor, by which it pulls the device and plugs it in.
func TestXHCI(t *testing.T) {
	g := newGuest(t)
	g.tests("io-pkt/usb/host", "host.test")
	g.commands(programs)
	monitor := filepath.Join(g.dir, "monitor")
	g.qemu = strings.Join([]string{
		"-chardev socket,id=monitor,server=on,wait=off,path=" + monitor + " -mon monitor",
		"-chardev socket,id=port,path=" + monitor + " -device virtio-serial -device virtserialport,chardev=port",
		"-netdev user,id=far,restrict=on,guestfwd=tcp:10.0.2.100:7-cmd:cat",
		"-netdev user,id=other,restrict=on,net=10.0.3.0/24",
		"-device qemu-xhci -device usb-net,id=far,netdev=far",
	}, " ")
	t.Log(g.run("xhci.sh"))
}
