package usbtest

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"

	"io-pkt/usb"
)

// A function is the CDC-ECM function of a device, as far as the suite needs it.
type function struct {
	config        *usb.Config
	control, data uint8 // interfaces
	alt           uint8 // the data interface's setting with endpoints
	in, out       usb.Endpoint
	notify        *usb.Endpoint // nil if there is none
	mac           net.HardwareAddr
}

// Numbers of CDC-ECM (CDC 1.2, tables 12 and 13; ECM 1.2, tables 3 and 6).
const (
	classCommunications = 2
	subClassECM         = 6
	typeUnion           = 0x06
	typeEthernet        = 0x0f

	reqSetPacketFilter = 0x43
	filterMulticast    = 1 << 1
	filterDirected     = 1 << 2
	filterBroadcast    = 1 << 3
)

// setPacketFilter asks for all frames that concern us (ECM 1.2, 6.2.4).
func setPacketFilter(iface uint8) usb.Setup {
	return usb.Setup{RequestType: usb.TypeClass | usb.RecipientInterface, Request: reqSetPacketFilter,
		Value: filterMulticast | filterDirected | filterBroadcast, Index: uint16(iface)}
}

// findFunction finds the ECM function in any of the device's configurations.
func findFunction(ctx context.Context, dev usb.Device) (function, error) {
	for i := range dev.Info().Descriptor.NumConfigurations {
		raw, err := usb.ReadConfig(ctx, dev, i)
		if err != nil {
			return function{}, err
		}
		c, err := usb.ParseConfig(raw)
		if err != nil {
			return function{}, err
		}
		for _, s := range c.Settings {
			if s.Class == classCommunications && s.SubClass == subClassECM {
				return readFunction(ctx, dev, c, s)
			}
		}
	}
	return function{}, fmt.Errorf("%v has no ECM function", dev.Info())
}

// readFunction takes the function apart; s is its control interface.
func readFunction(ctx context.Context, dev usb.Device, c *usb.Config, s usb.Setting) (function, error) {
	f := function{config: c, control: s.Interface}
	for d, rest := usb.Next(s.Extra); d != nil; d, rest = usb.Next(rest) {
		switch {
		case len(d) >= 5 && d[2] == typeUnion:
			f.data = d[4]
		case len(d) >= 13 && d[2] == typeEthernet:
			text, err := usb.ReadString(ctx, dev, d[3])
			if err != nil {
				return f, fmt.Errorf("iMACAddress: %w", err)
			}
			if f.mac, err = hex.DecodeString(text); err != nil {
				return f, fmt.Errorf("iMACAddress %q: %w", text, err)
			}
		}
	}
	if len(s.Endpoints) > 0 {
		f.notify = &s.Endpoints[0]
	}
	for _, s := range c.Settings {
		if s.Interface == f.data && len(s.Endpoints) == 2 {
			f.alt, f.in, f.out = s.Alternate, s.Endpoints[0], s.Endpoints[1]
		}
	}
	if !f.in.In() {
		f.in, f.out = f.out, f.in
	}
	if len(f.mac) != 6 || f.alt == 0 || !f.in.In() || f.out.In() || f.in.MaxPacketSize == 0 {
		return f, fmt.Errorf("no usable ECM function: %+v", f)
	}
	return f, nil
}
