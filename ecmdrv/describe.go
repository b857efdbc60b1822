package ecmdrv

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"time"
	"unicode"

	"io-pkt/internal/nic"
	"io-pkt/slog"
	"io-pkt/usb"
)

// maxString is how many characters of a device's string are shown.
const maxString = 64

// describe makes the specification of the interface, from the device's strings.
func (d *device) describe(ctx context.Context) nic.Spec {
	desc := d.descriptor
	text := func(index uint8) string {
		s, _ := d.readString(ctx, index, requestTime) // a device without strings is as good
		return printable(s)
	}
	d.description = strings.TrimSpace(text(desc.Manufacturer) + " " + text(desc.Product))
	if d.description == "" {
		d.description = fmt.Sprintf("CDC-ECM device %04x:%04x", desc.VendorID, desc.ProductID)
	}
	var err error
	d.ownMAC, err = d.readMAC(ctx)
	d.chooseMAC(err, func() net.HardwareAddr {
		return fallbackMAC(d.info, text(desc.SerialNumber), d.function.control)
	})
	d.mode.Store(uint32(d.filter(nic.ReceiveMode{})))
	return nic.Spec{
		Base: "ecm", Description: d.description,
		MAC: d.mac, PermanentMAC: d.ownMAC,
		MTU: d.function.segment.mtu(), MaxMTU: d.function.segment.maxMTU(),
	}
}

// chooseMAC decides on the interface's address: what the user says, else the
// device's own unless reading it failed with err or there is another interface
// with it, else one that is made up.
func (d *device) chooseMAC(err error, fallback func() net.HardwareAddr) {
	all, chosen := &d.module.driver.addresses, d.options().mac
	switch {
	case chosen != nil:
		d.mac, d.macSource = chosen, "from mac="
	case err != nil:
		d.mac, d.macSource = fallback(), fmt.Sprintf("made up: %v", err)
	case quirksOf(d.descriptor)&sharesAddress != 0 && locallyAdministered(d.ownMAC):
		d.mac = fallback()
		d.macSource = fmt.Sprintf("made up: the maker gives %v to all devices", d.ownMAC)
	case all.take(d.ownMAC, true):
		d.mac, d.macSource = d.ownMAC, "from the device"
		return
	default:
		d.mac = fallback()
		d.macSource = fmt.Sprintf("made up: the device's, %v, is another interface's", d.ownMAC)
		d.notice = fmt.Sprintf("has address %v, %s", d.mac, d.macSource)
	}
	if !all.take(d.mac, true) {
		d.notice = fmt.Sprintf("another interface has address %v, too", d.mac)
		all.take(d.mac, false)
	}
}

func (d *device) readMAC(ctx context.Context) (net.HardwareAddr, error) {
	s, err := d.readString(ctx, d.function.macString, usb.ControlTimeout)
	if err != nil {
		return nil, fmt.Errorf("the device tells none: %w", err)
	}
	mac, err := parseMAC(s)
	if err != nil {
		return nil, fmt.Errorf("the device's is bad: %w", err)
	}
	return mac, nil
}

// readString reads one of the device's strings. A device that does not answer keeps some
// of attachTime for what follows.
func (d *device) readString(ctx context.Context, index uint8, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return usb.ReadString(ctx, d.usb, index)
}

// foreign reports whether the interface has another address than the one that
// the device knows of.
func (d *device) foreign() bool { return !bytes.Equal(d.mac, d.ownMAC) }

// readdress puts right where frames go that are addressed to the device's own
// address instead of the interface's: modems that are not told of another one
// take theirs for the host's.
func (d *device) readdress(frames [][]byte) {
	if d.ownMAC == nil || !d.foreign() {
		return
	}
	for _, f := range frames {
		if bytes.Equal(f[:6], d.ownMAC) {
			copy(f, d.mac)
		}
	}
}

// printable makes a string from a device fit for a log.
func printable(s string) string {
	r := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s))
	return strings.TrimSpace(string(r[:min(len(r), maxString)]))
}

// announce writes what was found to the log.
func (d *device) announce() {
	if d.notice != "" {
		d.log(slog.Warning, "%s", d.notice)
	}
	if d.options().verbose == 0 {
		return
	}
	f := d.function
	d.log(slog.Info, "%v, port %s, %v speed: %s", d.info, d.info.Port, d.info.Speed, d.description)
	d.log(slog.Info, "%v", f)
	d.log(slog.Info, "address %v, %s", d.mac, d.macSource)
	d.log(slog.Info, "MTU %d, at most %d; %d receive transfers of %d bytes, %d transmit transfers",
		f.segment.mtu(), f.segment.maxMTU(), len(d.loop.rx.all), f.segment.receiveSize(int(f.in.MaxPacketSize)), len(d.loop.tx.all))
	if d.terminal != nil {
		d.log(slog.Info, "AT commands at %s, buffer %d bytes%s", d.terminal.Path(), d.options().bufSize, d.otherPorts())
	}
	if name := betterDriver(d.descriptor); name != "" {
		d.log(slog.Info, "Linux has a faster driver for this device: %s", name)
	}
}
