package ecmdrv

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An option is what a name in the option word means.
type option struct {
	value valueKind
	set   func(o *options, value string) error
}

// A valueKind says whether an option has a value.
type valueKind int

const (
	needed valueKind = iota
	none
	optional // 1 when there is none
)

// commonOptions are those of both variants.
var commonOptions = map[string]option{
	"busnum":     number(0, 255, func(o *options, n int) { o.bus = n }),
	"devnum":     number(1, 127, func(o *options, n int) { o.device = n }), // USB 2.0, 8.3.2.1
	"ign_remove": word(func(o *options) { o.ignRemove = true }),
	"mac":        {set: func(o *options, value string) (err error) { o.mac, err = parseMAC(value); return err }},
	"pad":        word(func(o *options) { o.pad = true }), // ours: for devices that cannot take zero-length packets
	"path":       {set: func(o *options, value string) error { o.path = value; return nil }},
	"pnp":        word(func(o *options) { o.pnp = true }),
	"receive":    number(1, maxTransfers, func(o *options, n int) { o.receive = n }),
	"transmit":   number(1, maxTransfers, func(o *options, n int) { o.transmit = n }),
	"verbose":    {optional, number(0, 255, func(o *options, n int) { o.verbose = n }).set},
	"wait":       number(0, 24*60*60, func(o *options, n int) { o.wait = time.Duration(n) * time.Second }),
}

// maxTransfers caps receive= and transmit=: what is over it would only eat the
// memory that the kernel grants all USB programs together (16 MB by default).
const maxTransfers = 1024

// word makes an option without a value.
func word(set func(*options)) option {
	return option{none, func(o *options, _ string) error { set(o); return nil }}
}

// number makes an option whose value is a number as QNX's launchers write them:
// 10, 0x0a or 012.
func number(low, high int, set func(*options, int)) option {
	return option{set: func(o *options, value string) error {
		n, err := strconv.ParseInt(value, 0, 64)
		if err != nil || n < int64(low) || n > int64(high) {
			return fmt.Errorf("%q is not a number from %d to %d", value, low, high)
		}
		set(o, int(n))
		return nil
	}}
}

// class makes an option whose value is a class code, which QNX wants in
// hexadecimal: ff or 0xff.
func class(set func(*options, uint8)) option {
	return option{set: func(o *options, value string) error {
		n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(value), "0x"), 16, 8)
		if err != nil {
			return fmt.Errorf("%q is not a hexadecimal number from 0 to ff", value)
		}
		set(o, uint8(n))
		return nil
	}}
}
