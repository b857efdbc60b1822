// The io-usb command is the USB stack manager of QNX, on Linux: it puts a
// simulated bus, or the machine's own, where drivers look for a USB stack.
//
// # Synopsis
//
//	io-usb|io-usb-otg [--foreground] [-d driver [driver_options]]... [-n path] [-v]
//	io-usb [-n path] -c command
//	io-usb --help
//
// # Description
//
// With the driver "sim", io-usb serves simulated CDC-ECM devices over USB/IP at
// the path, a unix socket. io-pkt's driver finds them there, and usbip attach
// can give them to Linux. It goes to the background by itself, with or without
// "&": the command returns when the devices can be used. SIGTERM ends it.
//
// With the driver of a host controller, such as ehci, hcd-xhci, dwcotg or
// omap3-mg, the path becomes a symbolic link to the machine's own bus,
// /dev/bus/usb, which Linux drives; beside it appears an entry with the name of
// the driver on QNX, devu-ehci.so. io-usb keeps them there until it ends. Where
// another io-usb simulates at that path, its bus stays: so a buildfile for a board
// runs on a simulated modem.
//
// As io-usb-otg it is the same. Unless -n says where, the bus is at
// /dev/usb/io-usb-otg, where QNX 7 has it, and at /dev/io-usb/io-usb, too; and for ehci
// there is devu-hcd-ehci.so besides, as that calls it.
//
// # Options
//
//	-d driver [options]  The driver, and in the next word, unless that begins
//	                     with "-", its options. May be repeated: several "sim"
//	                     are devices on the same bus.
//	-n path              Where the bus is to be. The default is
//	                     /dev/io-usb/io-usb.
//	-c command           Ask an io-usb that simulates; see below. The command goes on
//	                     to the next option.
//	-v                   Say on standard error what was made.
//	-o driver [options]  Accepted, without effect, as are -C, -c without a command,
//	                     -I, and with a value -E, -e, -O, -P, -r, -t, -T and -U.
//	--foreground         Stay in the foreground, for service managers and
//	                     containers.
//	--help               Show a summary.
//
// # Options of sim
//
// They are separated by commas. Numbers may be decimal, 0x hexadecimal or octal.
//
//	count=N         How many such devices. The default is 1.
//	speed=WORD      full, high or super. The default is high, or what suits desc.
//	mac=12HEX       The address that the device gives the host, one more for each
//	                device. The default is 02696f706b00.
//	segment=BYTES   wMaxSegmentSize, 64 to 65535. The default is 1514.
//	notify=N        wMaxPacketSize of the notifications, 8 to 64, or 0 for none;
//	                1 is the default, 16.
//	serial=TEXT     The serial number. The default is the address.
//	vid=N,did=N     Vendor and product. The default is 0x1209, 0x0001.
//	desc=FILE       Look like the device whose descriptors are in this file; see
//	                below. Of the options above only count, speed and mac count
//	                then.
//	net=WORD        What is behind each device. stack, the default: a host that
//	                answers ARP and ping, gives out addresses over DHCP, and has
//	                echo (7), discard (9) and chargen (19) over TCP. tap: a TAP
//	                interface, so that a Linux program can be the far end. none:
//	                nothing.
//	addr=ADDR/BITS  The far end's address. The default is 10.0.0.1/8, or none
//	                for a TAP.
//	tap=NAME        The TAP's name; with count, a number follows it. Implies
//	                net=tap.
//	netns=NAME      The network namespace (ip netns) that the TAP is made in.
//	modem=1         Be a modem, with a channel for AT commands. Its link is up when
//	                AT^NDISDUP=1,1 or the like has opened a data session, and not
//	                before. Without this there is no such channel.
//	pin=DIGITS      The PIN that the modem's SIM wants. The default is none.
//	command=BYTES   How much of an AT command the device takes in one request. The
//	                default is any number.
//	listen=HOST:PORT  Serve USB/IP over TCP, too.
//	bus=N           The number of the bus, 1 to 255. The default is 1.
//
// # Files of descriptors
//
// The file of desc has lines such as
//
//	device HEX         the device descriptor
//	config INDEX HEX   the configuration with this index, from 0 without a gap, with
//	                   all that belongs to it: what GET_DESCRIPTOR gives
//	string INDEX TEXT  a string
//	# comment
//
// Bytes are two digits each, with or without blanks between. There must be a device
// and a configuration. The file "descriptors" that Linux has of each device in
// /sys/bus/usb/devices holds both: 18 bytes of the device, then its configurations.
//
// # Options of host controllers
//
// They are about the controllers' registers and interrupts, which are Linux's
// here: ioport=N, irq=N and others are looked at, name by name, and have no effect.
//
// # Commands
//
// Devices are numbered from 0, in the order of the command line.
//
//	list                     Show the devices.
//	pull N, plug N           Pull a device, plug it in again.
//	link N up|down           Give it a link, or take it away.
//	coverage N on|off        Give its modem a network, or take it away.
//	say N TEXT               Make its modem say a line that nobody asked for.
//	fault N NAME [COUNT]     Make it misbehave.
//	fault N none             End that.
//	help                     Show the faults.
//
// # Environment
//
//	IO_USB_SIM  Whatever drivers the command line has, simulate instead, with these
//	            options, which may be none. The host controllers' entries appear all
//	            the same, so that a script for a board runs without one; "buildfile
//	            run -u" sets it.
//
// # Files
//
//	/dev/io-usb/io-usb      the bus
//	/dev/usb/io-usb-otg     the bus of io-usb-otg
//	/dev/io-usb/io-usb.ctl  where -c asks
//
// # Exit status
//
//	0  the bus is there, or the command was carried out
//	1  it is not: the reason is on standard error
//
// # Differences from QNX
//
// sim does not exist there. Host controllers' drivers do, and drive; here any name
// that could be one's will do. -c with a word behind it that does not begin with
// "-" is a command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"io-pkt/internal/daemon"
)

// The exit statuses.
const (
	exitOK    = 0
	exitError = 1
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is called twice, in the command that was typed and in the background.
func run(args []string, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintf(stderr, "io-usb: %v\n", err)
		return exitError
	}
	c, err := parse(args[1:])
	if c.otg = filepath.Base(args[0]) == otgName; c.otg && c.path == defaultPath {
		c.path, c.alias = otgPath, defaultPath
	}
	if words, ok := os.LookupEnv(simulation); ok && (err == nil || errors.Is(err, errNoDriver)) {
		err = c.simulate(words)
	}
	switch {
	case err != nil:
		return fail(err)
	case c.help:
		fmt.Fprint(stdout, usage)
		return exitOK
	case c.command != "":
		reply, err := ask(c.path+ctlSuffix, c.command)
		if err != nil {
			return fail(err)
		}
		fmt.Fprint(stdout, reply)
		return exitOK
	}
	ready := func() {}
	if !c.foreground {
		d, status, err := daemon.Start(args)
		switch {
		case err != nil:
			return fail(err)
		case d == nil:
			return status
		}
		ready = d.Ready
		signal.Ignore(syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	serve := serveMachine
	if len(c.sims) > 0 {
		serve = simulate
	}
	if err := serve(ctx, c, ready, stderr); err != nil {
		return fail(err)
	}
	return exitOK
}

const usage = `usage: io-usb [--foreground] [-d driver [options]]... [-n path] [-v]
       io-usb [-n path] -c command

  -d sim [options]  serve simulated CDC-ECM devices, for instance:
                    -d sim count=2,speed=super
  -d ehci           link the path to the machine's own bus
  -n path           where the bus is to be (default /dev/io-usb/io-usb)
  -c command        ask a simulator: list, pull N, plug N, link N up|down,
                    coverage N on|off, say N TEXT, fault N NAME [COUNT], help
  -v                say what was made
  --foreground      stay in the foreground

Options of sim: count speed mac segment notify serial vid did desc net addr
                tap netns modem pin command listen bus
`

var errNoDriver = errors.New("no driver was given: -d sim, or -d and the host controller's")
