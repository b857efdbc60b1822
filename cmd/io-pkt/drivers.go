package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"io-pkt/ecmdrv"
	"io-pkt/internal/nic"
	"io-pkt/internal/serial"
	"io-pkt/usb"
	"io-pkt/usb/host"
	"io-pkt/usb/usbip"
)

// drivers are the network drivers there are, by what follows -d. What they put
// before users is below dev.
func drivers(dev string) map[string]nic.Driver {
	ecm := &ecmdrv.Driver{
		Open:   buses{"/dev/io-usb/io-usb", "/dev/bus/usb"}.open,
		Serial: func(name string) (ecmdrv.Terminal, error) { return openSerial(dev, name) },
	}
	return map[string]nic.Driver{"ecm": ecm, "ecmplus": ecm.Plus()}
}

// openSerial makes the terminal for AT commands to the modem behind an interface:
// /dev/serecm0 for ecm0.
func openSerial(dev, name string) (ecmdrv.Terminal, error) {
	t, err := serial.Open(filepath.Join(dev, "ser"+name))
	if err != nil {
		return nil, err
	}
	return t, nil
}

// buses are where the USB stack is when path= does not say: the first one that is
// there. QNX's place, which io-usb serves, comes before Linux's own (usbfs).
type buses []string

// open opens the USB stack that a driver's path= names:
//
//	""          the first of the default places that is there
//	host:port   a USB/IP server over TCP
//	a socket    a USB/IP server there, such as io-usb -d sim
//	a directory in usbfs layout, or a link to one: the machine's own bus
//
// The error wraps ENOENT when there is nothing yet.
func (b buses) open(ctx context.Context, path string) (usb.Stack, error) {
	if path == "" {
		path = b.present()
	}
	if strings.Contains(path, ":") && !strings.Contains(path, "/") {
		return usbip.Dial(ctx, "tcp", path)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSocket != 0:
		return usbip.Dial(ctx, "unix", path)
	case info.IsDir():
		return host.Open(path)
	}
	return nil, fmt.Errorf("%s: neither a socket nor a directory: %w", path, syscall.ENOTSUP)
}

// present gives the first place that is there, or else the last.
func (b buses) present() (path string) {
	for _, path = range b {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return path
}
