package netif

import (
	"fmt"
	"syscall"
)

// Capabilities are the checksum and segmentation offloads of an interface, for
// each direction the bits that ctl.CapIP4Csum and its like name.
type Capabilities struct{ Rx, Tx uint32 }

// without gives the capabilities that are in c and not in other.
func (c Capabilities) without(other Capabilities) Capabilities {
	return Capabilities{Rx: c.Rx &^ other.Rx, Tx: c.Tx &^ other.Tx}
}

// Supported gives what the TAP can do.
func (t *TAP) Supported() Capabilities { return Capabilities{} }

// Enabled gives what of that it does.
func (t *TAP) Enabled() Capabilities { return Capabilities{} }

// SetEnabled says what it shall do; EINVAL, and no change, when something of that
// is not supported.
func (t *TAP) SetEnabled(c Capabilities) error {
	if more := c.without(t.Supported()); more != (Capabilities{}) {
		return fmt.Errorf("%s: capabilities rx=%x tx=%x are not supported: %w", t.name, more.Rx, more.Tx, syscall.EINVAL)
	}
	return nil
}
