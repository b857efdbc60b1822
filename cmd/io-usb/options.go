package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"io-pkt/usb"
)

// What is behind a device.
const (
	netStack = "stack"
	netTAP   = "tap"
	netNone  = "none"
)

// simOptions are the options of one -d sim.
type simOptions struct {
	count    int
	speed    usb.Speed // unknown: not given
	mac      net.HardwareAddr
	segment  int
	notify   int // wMaxPacketSize, -1 for none
	serial   string
	vid, did uint16
	desc     string
	net      string
	addr     netip.Prefix
	tap      string
	netns    string
	modem    bool
	pin      string
	command  int // bytes of an encapsulated command, 0 for any number
	listen   string
	bus      int // 0: not given
}

// simTable is what can be said about a simulated device.
var simTable = []struct {
	name string
	set  func(o *simOptions, value string) error
}{
	{"count", func(o *simOptions, v string) (err error) { o.count, err = number(v, 1, 127); return }},
	{"speed", func(o *simOptions, v string) (err error) { o.speed, err = speed(v); return }},
	{"mac", func(o *simOptions, v string) (err error) { o.mac, err = mac(v); return }},
	{"segment", func(o *simOptions, v string) (err error) { o.segment, err = number(v, 64, 65535); return }},
	{"notify", func(o *simOptions, v string) (err error) { o.notify, err = notify(v); return }},
	{"serial", func(o *simOptions, v string) error { o.serial = v; return nil }},
	{"vid", func(o *simOptions, v string) (err error) { o.vid, err = id(v); return }},
	{"did", func(o *simOptions, v string) (err error) { o.did, err = id(v); return }},
	{"desc", func(o *simOptions, v string) error { o.desc = v; return nil }},
	{"net", func(o *simOptions, v string) error { o.net = v; return nil }},
	{"addr", func(o *simOptions, v string) (err error) { o.addr, err = addr(v); return }},
	{"tap", func(o *simOptions, v string) error { o.tap = v; return nil }},
	{"netns", func(o *simOptions, v string) error { o.netns = v; return nil }},
	{"modem", func(o *simOptions, v string) error { n, err := number(v, 0, 1); o.modem = n == 1; return err }},
	{"pin", func(o *simOptions, v string) error { o.pin = v; return nil }},
	{"command", func(o *simOptions, v string) (err error) { o.command, err = number(v, 1, 65535); return }},
	{"listen", func(o *simOptions, v string) error { o.listen = v; return nil }},
	{"bus", func(o *simOptions, v string) (err error) { o.bus, err = number(v, 1, 255); return }},
}

// parseSim reads the options word of sim.
func parseSim(words string) (simOptions, error) {
	o := simOptions{count: 1}
	for word := range strings.SplitSeq(words, ",") {
		if word == "" {
			continue
		}
		name, value, _ := strings.Cut(word, "=")
		if err := o.set(name, value); err != nil {
			return o, err
		}
	}
	switch {
	case o.net == "" && o.tap != "":
		o.net = netTAP
	case o.net == "":
		o.net = netStack
	}
	switch {
	case o.net != netStack && o.net != netTAP && o.net != netNone:
		return o, fmt.Errorf("net=%s: want %s, %s or %s", o.net, netStack, netTAP, netNone)
	case o.net == netTAP && o.tap == "":
		return o, errors.New("net=tap wants tap=NAME")
	case o.net != netTAP && o.tap+o.netns != "":
		return o, errors.New("tap and netns go with net=tap")
	case !o.modem && (o.pin != "" || o.command != 0):
		return o, errors.New("pin and command go with modem=1")
	}
	return o, nil
}

func (o *simOptions) set(name, value string) error {
	for _, e := range simTable {
		if e.name != name {
			continue
		}
		if value == "" {
			return fmt.Errorf("option %s wants a value", name)
		}
		if err := e.set(o, value); err != nil {
			return fmt.Errorf("%s=%s: %w", name, value, err)
		}
		return nil
	}
	return fmt.Errorf("unknown option %q", name)
}

func number(s string, low, high int) (int, error) {
	n, err := strconv.ParseInt(s, 0, 32)
	if err != nil || int(n) < low || int(n) > high {
		return 0, fmt.Errorf("want a number from %d to %d", low, high)
	}
	return int(n), nil
}

func id(s string) (uint16, error) {
	n, err := number(s, 0, 0xffff)
	return uint16(n), err
}

func speed(s string) (usb.Speed, error) {
	for _, v := range []usb.Speed{usb.SpeedFull, usb.SpeedHigh, usb.SpeedSuper} {
		if v.String() == s {
			return v, nil
		}
	}
	return 0, errors.New("want full, high or super")
}

func mac(s string) (net.HardwareAddr, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 6 {
		return nil, errors.New("want 12 hexadecimal digits")
	}
	return b, nil
}

// notify gives wMaxPacketSize, 0 for the usual one and -1 for no notifications.
func notify(s string) (int, error) {
	n, err := number(s, 0, 64)
	switch {
	case err == nil && n == 0:
		return -1, nil
	case err == nil && n == 1:
		return 0, nil
	case err != nil || n < 8:
		return 0, errors.New("want 0, 1, or a packet size from 8 to 64")
	}
	return n, nil
}

// addr takes an address with the bits of its network.
func addr(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is4() {
		return p, errors.New("want an IPv4 address and the bits of its network, 10.0.0.1/8")
	}
	return p, nil
}
