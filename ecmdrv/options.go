package ecmdrv

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options is the driver's option word, decoded (QNX 7.0, devnp-ecm.so).
type options struct {
	path      string // of the USB stack; empty: the opener decides
	bus       int    // the one device to drive, or -1 for any
	device    int
	ignRemove bool // removal leaves the interface
	pnp       bool // stay loaded, devices come and go
	receive   int  // transfers that are kept submitted
	transmit  int  // transfers for outgoing frames
	bufSize   int  // of the AT channel, in bytes
	verbose   int
	wait      time.Duration    // for the USB stack to appear
	mac       net.HardwareAddr // nil: the device's own
}

// parseOptions reads an option word, "busnum=0x01,devnum=2,verbose". Empty
// words between commas mean nothing, which is what a launcher's unset variable
// leaves behind; of a repeated option the last one wins.
func parseOptions(word string) (options, error) {
	o := options{bus: -1, device: -1, receive: 64, transmit: 64, bufSize: 2048, wait: 60 * time.Second}
	for option := range strings.SplitSeq(word, ",") {
		if option == "" {
			continue
		}
		name, value, hasValue := strings.Cut(option, "=")
		if err := o.set(name, value, hasValue); err != nil {
			return options{}, err
		}
	}
	return o, nil
}

func (o *options) set(name, value string, hasValue bool) (err error) {
	switch name {
	case "ign_remove", "pnp":
		if hasValue {
			return fmt.Errorf("option %s takes no value, but has %q: %w", name, value, syscall.EINVAL)
		}
		if name == "pnp" {
			o.pnp = true
		} else {
			o.ignRemove = true
		}
		return nil
	case "verbose":
		if !hasValue {
			o.verbose = 1
			return nil
		}
	case "bufsz", "busnum", "devnum", "mac", "path", "receive", "transmit", "wait":
		if value == "" {
			return fmt.Errorf("option %s needs a value: %w", name, syscall.EINVAL)
		}
	default:
		return fmt.Errorf("unknown option %q: %w", name, syscall.EINVAL)
	}

	switch name {
	case "path":
		o.path = value
	case "mac":
		if o.mac, err = parseMAC(value); err != nil {
			err = fmt.Errorf("option mac: %w: %w", err, syscall.EINVAL)
		}
	case "verbose":
		o.verbose, err = number(name, value, 0, 255)
	case "bufsz":
		o.bufSize, err = number(name, value, 1, 65535)
	case "busnum":
		o.bus, err = number(name, value, 0, 255)
	case "devnum":
		o.device, err = number(name, value, 1, 127) // USB 2.0, 8.3.2.1
	case "receive":
		o.receive, err = number(name, value, 1, maxTransfers)
	case "transmit":
		o.transmit, err = number(name, value, 1, maxTransfers)
	case "wait":
		var seconds int
		seconds, err = number(name, value, 0, 24*60*60)
		o.wait = time.Duration(seconds) * time.Second
	}
	return err
}

// maxTransfers caps receive= and transmit=: what is over it would only eat the
// memory that the kernel grants all USB programs together (16 MB by default).
const maxTransfers = 1024

// number reads a number as QNX's launchers write them: 10, 0x0a or 012.
func number(name, value string, low, high int) (int, error) {
	n, err := strconv.ParseInt(value, 0, 64)
	if err != nil || n < int64(low) || n > int64(high) {
		return 0, fmt.Errorf("option %s: %q is not a number from %d to %d: %w", name, value, low, high, syscall.EINVAL)
	}
	return int(n), nil
}
