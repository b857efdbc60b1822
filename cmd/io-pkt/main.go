// The io-pkt command is the network stack manager of QNX, on Linux: it loads
// network drivers, makes their interfaces and answers ifconfig, if_up and
// nicinfo.
//
// # Synopsis
//
//	io-pkt-v4-hc [-DIS] [-d driver [driver_options]] [-i instance]
//	             [-P priority] [-p protocol [protocol_options]] [-q interval]
//	             [-r priority] [-t threads] [-U string] [-u string] [-v]
//	             [-w interval]
//	io-pkt-v4-hc --foreground ...
//	io-pkt-v4-hc --help | --version
//
// io-pkt-v4, io-pkt-v4-hc and io-pkt-v6-hc are names of the same program. The
// two v4 variants keep IPv6 off on the interfaces they make.
//
// # Description
//
// The drivers are user-space programs' parts, as on QNX; the interfaces are TAP
// interfaces of the Linux kernel, whose own protocol stack works on top. They
// belong to the network namespace that io-pkt runs in, and are gone when it
// ends. It takes root, or CAP_NET_ADMIN and the right to open /dev/net/tun. With
// CAP_BPF, too, what TCP sends and all other frames wait in queues of their own, and
// TCP is told when a device has enough waiting (since Linux 5.8).
// With up to two interfaces for each processor but one it keeps off the one that serves
// the most interrupts, within those that it may use ("on -C", taskset(1)).
//
// io-pkt goes to the background by itself, with or without "&". The command
// returns when /dev/socket is there; drivers are loaded after that, so use
// "if_up -p ecm0" to wait for an interface. What goes wrong with them is in the
// system log (sloginfo), and changes no exit status.
//
// SIGTERM ends it: interfaces are removed and devices given back. What else
// terminals and programs usually send does nothing.
//
// # Options
//
//	-d driver [options]    Load a driver: "ecm", "devnp-ecm.so" or
//	                       "/lib/dll/devnp-ecm.so". The word that follows, if it
//	                       does not begin with "-", holds its options, separated
//	                       by commas; they are below. May be repeated.
//	-p protocol [options]  "tcpip" is always there; its options are below.
//	                       Other protocols do not exist here.
//	-i instance            The stack's number: "mount -T io-pkt1" is for the one
//	                       with -i 1. It is found by that at /dev/io-pkt1, too.
//	-U user                Give up being root: uid[:gid[,gid]...] or
//	                       name[,gid]... The rights to make interfaces with the
//	                       queues above, and to open the nodes of devices that are
//	                       plugged in later, are kept: CAP_NET_ADMIN, CAP_BPF and
//	                       CAP_DAC_OVERRIDE.
//	-P priority            1 to 255, as QNX has them; the default is 21, and what other
//	                       programs have 10. It is Linux's nice value the other way
//	                       round: -11 for 21, for io-pkt and its session. That takes
//	                       CAP_SYS_NICE. Without -P the priority stays that which
//	                       nice(1), chrt(1) or "on -p" has set. With a real-time one,
//	                       "chrt -r 1 io-pkt-v4-hc", frames need not wait for others to
//	                       leave a processor that all have to share.
//	-v                     Show what goes wrong with drivers on standard error,
//	                       too.
//	-D -I -S -q interval -r priority -t threads -u string -w interval
//	                       Nothing.
//
// An option that does not exist is complained about, and start-up goes on.
//
// --foreground, --help and --version come first on the line. With --foreground
// io-pkt stays what it was started as, for service managers and containers.
//
// # Options of drivers
//
// Numbers may be decimal, 0x hexadecimal or octal. Of the interfaces of either driver:
//
//	name=PREFIX     Their base name. The default is ecm.
//	unit=N, lan=N   The number of the interface, for one device. The default is the
//	                lowest that is free.
//
// Of ecm, devnp-ecm.so, and of ecmplus, devnp-ecmplus.so:
//
//	busnum=N, devnum=N  Drive this device only, by the numbers that lsusb shows. The
//	                default is all ECM devices.
//	pnp             Stay loaded while devices come and go. Without it only what is
//	                there now counts.
//	ign_remove      Leave the interface when the device is pulled.
//	path=PATH       The USB stack: a directory like /dev/bus/usb, a USB/IP socket, or
//	                host:port of a USB/IP server. For the default see Files.
//	wait=SECONDS    Wait so long for the USB stack to appear. The default is 60.
//	mac=12HEX       Use this MAC address. The default is the device's own, unless
//	                another interface has it.
//	receive=N, transmit=N  How many transfers are kept in flight, at most. The
//	                defaults are 64 and 128. A slow device gets no more than keeps
//	                it busy, so that other frames need not wait behind what TCP sends.
//	pad             End frames of whole USB packets with one more byte, for a device
//	                that cannot take zero-length packets.
//	verbose[=N]     Say more in the log.
//
// Of ecm only:
//
//	bufsz=BYTES     The buffer of the AT channel, /dev/serecmN: the longest command.
//	                The default is 2048.
//
// ecmplus is the same driver for modems whose control interface does not have the
// class of the standard; the log says which values such a modem needs. Of ecmplus
// only:
//
//	classid=HEX     The class of the control interface, in hexadecimal. The default
//	                is 2.
//	subclassid=HEX  Its subclass, in hexadecimal. The default is 6.
//	intf=N          The lowest interface number to look at. The default is 0.
//	ctrlbufsz=BYTES  What bufsz is for ecm. The default is 1024.
//	ctrlrxurb=N     Accepted, without effect.
//
// # Options of tcpip
//
// These have an effect, with numbers as above:
//
//	prefix=/PATH    put PATH before /dev/socket and /dev/slog, for a stack of
//	                one's own; clients find it with SOCK=/PATH
//	forward         switch on Linux's net.ipv4.ip_forward; it stays on
//	fastforward     the same, and with a number other than 0
//	forward6        for a v6 variant, net.ipv6.conf.all.forwarding
//	somaxconn=N     raise Linux's net.core.somaxconn to N
//	random          do not log that a pseudo random generator is used
//
// The others set up QNX's own stack: they are accepted, and do nothing but for a
// line in the log at severity 6, or 5 where the value is a bad one.
//
// # Files
//
//	PREFIX/dev/socket   what clients connect to
//	PREFIX/dev/slog     the system log, unless slogger serves it already
//	PREFIX/dev/serecmN  AT commands to the modem behind ecmN; the name of an
//	                    interface with another name follows "ser" as well
//	/dev/io-pktN        a link to the prefix of the stack with -i N
//	/dev/io-usb/io-usb  the USB stack that drivers use unless path= names
//	                    another; when it is not there, /dev/bus/usb
//
// # Exit status
//
//	0  it is ready (with --foreground: it was ended by SIGTERM)
//	1  it could not start: the reason is on standard error
//
// # Differences from QNX
//
// The command returns when the stack is there, with status 1 when it cannot be;
// QNX's returns at once, with 0. IPsec and packet filters are the Linux kernel's,
// and set with its tools. A second io-pkt with the same prefix is refused.
package main

import (
	"fmt"
	"io"
	"os"

	"io-pkt/internal/daemon"
)

// version is set by the Makefile.
var version = "unknown"

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the program; the value it returns is the exit status.
func run(argv []string, stdout, stderr io.Writer) int {
	long, rest, err := takeLong(argv, stdout)
	a := parseArgv(rest)
	complain := func(err error) int {
		fmt.Fprintf(stderr, "%s: %v\n", a.program, err)
		return 1
	}
	switch {
	case err != nil:
		return complain(err)
	case long.done:
		return 0
	}
	if err := mayMakeInterfaces(); err != nil {
		return complain(err)
	}
	if err := a.drop(argv); err != nil {
		return complain(err)
	}
	ready := func() {}
	if long.Foreground {
		daemon.SetName(argv)
	} else {
		d, status, err := daemon.Start(argv)
		switch {
		case err != nil:
			return complain(err)
		case d == nil:
			return status
		}
		ready = d.Ready
	}
	ctx, stop := handleSignals()
	defer stop()
	for _, c := range a.complaints {
		fmt.Fprintln(stderr, c)
	}
	if err := serve(ctx, a, ready, stderr); err != nil {
		return complain(err)
	}
	return 0
}
