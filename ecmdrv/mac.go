package ecmdrv

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"sync"

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

// locallyAdministered reports whether an address is not from a maker's range (IEEE
// 802, 8.2.2).
func locallyAdministered(mac net.HardwareAddr) bool { return mac[0]&2 != 0 }

// fallbackMAC makes an address for a function of a device that has none: locally
// administered, and the same one each time the device is plugged into the same
// port.
func fallbackMAC(info usb.DeviceInfo, serial string, control uint8) net.HardwareAddr {
	sum := sha256.Sum256(fmt.Appendf(nil, "%04x:%04x:%q:%q:%d",
		info.Descriptor.VendorID, info.Descriptor.ProductID, serial, info.Port, control))
	return append(net.HardwareAddr{0x02}, sum[:5]...)
}

// addresses are the addresses of the interfaces that there are. Some makers give
// all their devices the same one.
type addresses struct {
	mu    sync.Mutex
	inUse map[[6]byte]int // how often
}

// take notes that an interface has an address. With only it fails if another
// interface has it already.
func (a *addresses) take(mac net.HardwareAddr, only bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := [6]byte(mac)
	if only && a.inUse[key] > 0 {
		return false
	}
	if a.inUse == nil {
		a.inUse = map[[6]byte]int{}
	}
	a.inUse[key]++
	return true
}

// give takes back what take has noted.
func (a *addresses) give(mac net.HardwareAddr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := [6]byte(mac)
	if a.inUse[key]--; a.inUse[key] <= 0 {
		delete(a.inUse, key)
	}
}
