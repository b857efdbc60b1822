package ecmdrv

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"

	"io-pkt/usb"
)

// parseMAC reads a MAC address as iMACAddress and mac= have it: twelve
// hexadecimal digits, the first one the highest of the first byte (ECM 1.2, 5.4).
// The standard wants upper case; devices send either. The address must be one
// that an interface can have.
func parseMAC(s string) (net.HardwareAddr, error) {
	mac, err := hex.DecodeString(s)
	switch {
	case err != nil || len(mac) != 6:
		return nil, fmt.Errorf("%.40q is not 12 hexadecimal digits", s)
	case mac[0]&1 != 0:
		return nil, fmt.Errorf("%s is not a station's address", net.HardwareAddr(mac))
	case bytes.Equal(mac, make([]byte, 6)):
		return nil, fmt.Errorf("%s is no address", net.HardwareAddr(mac))
	}
	return mac, nil
}

// fallbackMAC makes an address for a device that has none: locally administered,
// and the same one each time the device is plugged into the same port.
func fallbackMAC(info usb.DeviceInfo, serial string) net.HardwareAddr {
	sum := sha256.Sum256(fmt.Appendf(nil, "%04x:%04x:%q:%q",
		info.Descriptor.VendorID, info.Descriptor.ProductID, serial, info.Port))
	return append(net.HardwareAddr{0x02}, sum[:5]...)
}
