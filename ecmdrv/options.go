package ecmdrv

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// options is the driver's option word, decoded (QNX 7.0, devnp-ecm.so and
// devnp-ecmplus.so).
type options struct {
	path      string // of the USB stack; empty: the opener decides
	bus       int    // the one device to drive, or -1 for any
	device    int
	match     match // the interfaces to take for a control interface
	ignRemove bool  // removal leaves the interface
	pnp       bool  // stay loaded, devices come and go
	receive   int   // transfers that are kept submitted, at most: see depth
	transmit  int   // transfers for outgoing frames
	bufSize   int   // of the AT channel, in bytes
	verbose   int
	pad       bool             // end frames of whole packets with a byte, not a zero-length packet
	wait      time.Duration    // for the USB stack to appear
	mac       net.HardwareAddr // nil: the device's own
}

// A variant is one of the two names that the driver goes by.
type variant struct {
	name    string // of the module, in the log
	bufSize int    // by default
	own     map[string]option
}

// ecm is devnp-ecm.
var ecm = variant{name: "devnp-ecm", bufSize: 2048, own: map[string]option{
	"bufsz": number(1, 65535, func(o *options, n int) { o.bufSize = n }),
}}

// ecmPlus is devnp-ecmplus. Transfers for the control channel (ctrlrxurb=) are
// not pooled here, so that their number is accepted and means nothing.
var ecmPlus = variant{name: "devnp-ecmplus", bufSize: 1024, own: map[string]option{
	"classid":    class(func(o *options, n uint8) { o.match.class = n }),
	"subclassid": class(func(o *options, n uint8) { o.match.subClass = n }),
	"intf":       number(0, 255, func(o *options, n int) { o.match.first = uint8(n) }),
	"ctrlbufsz":  number(1, 65535, func(o *options, n int) { o.bufSize = n }),
	"ctrlrxurb":  number(1, maxTransfers, func(*options, int) {}),
}}

// parse reads an option word, "busnum=0x01,devnum=2,verbose". Empty words between
// commas mean nothing, which is what a launcher's unset variable leaves behind; of
// a repeated option the last one wins.
func (v *variant) parse(word string) (options, error) {
	o := options{
		bus: -1, device: -1, match: ethernetControl,
		receive: 64, transmit: transmitTransfers(runtime.NumCPU()), bufSize: v.bufSize, wait: 60 * time.Second,
	}
	for text := range strings.SplitSeq(word, ",") {
		if text == "" {
			continue
		}
		if err := v.set(&o, text); err != nil {
			return options{}, err
		}
	}
	return o, nil
}

// transmitTransfers gives how many there are for outgoing frames, by default. Where one
// processor does it all, 64 carry as much as 128, and with four devices 2 % less, for all
// that is sent or received takes its time; beside TCP both ways a ping takes 4.6 ms instead
// of 6.7, and what is sent has half of the throughput instead of two thirds. Two processors
// take 8 to 30 % more out with 128.
func transmitTransfers(processors int) int {
	if processors == 1 {
		return 64
	}
	return 128
}

// set takes one option.
func (v *variant) set(o *options, text string) error {
	name, value, hasValue := strings.Cut(text, "=")
	option, ok := v.own[name]
	if !ok {
		option, ok = commonOptions[name]
	}
	switch {
	case !ok:
		return fmt.Errorf("unknown option %q: %w", name, syscall.EINVAL)
	case option.value == none && hasValue:
		return fmt.Errorf("option %s takes no value, but has %q: %w", name, value, syscall.EINVAL)
	case option.value == needed && value == "":
		return fmt.Errorf("option %s needs a value: %w", name, syscall.EINVAL)
	case option.value == optional && !hasValue:
		value = "1"
	}
	if err := option.set(o, value); err != nil {
		return fmt.Errorf("option %s: %w: %w", name, err, syscall.EINVAL)
	}
	return nil
}
