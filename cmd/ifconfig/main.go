/*
ifconfig shows and sets the network interfaces of io-pkt.

# Synopsis

	ifconfig [-hLmvz] interface [address_family]
	ifconfig interface [address_family] [address [dest_address]] [parameter ...]
	ifconfig interface create | destroy
	ifconfig [-a] [-bdhLmsuvz] [address_family]
	ifconfig -l [-b] [-d] [-s] [-u]
	ifconfig -s interface
	ifconfig -C

# Description

With an interface alone, or none, ifconfig shows; with more words it sets. The
words take effect as on QNX: up, down, flags, mtu, metric and vlanif from left to
right, then media, the address, its preference, and the capabilities. A plain inet
address replaces the interface's first one and brings the interface up. The address
family is inet unless inet6 or link is named.

	address[/length]    the address; 10.184 is 10.0.0.184, without a mask /8
	dest_address        the other end of a point-to-point link
	netmask mask        0xff000000 or 255.0.0.0
	prefixlen n         the same, as a length
	broadcast address
	alias               the address is one more
	-alias, delete      the address goes; without an address, the first one
	preference n        of the address before it, 0 to 65535
	up, down
	mtu n, metric n
	arp, -arp, debug, -debug, link0 to link2, -link0 to -link2
	create, destroy     destroy takes the interface out of service and, when it was
	                    the last one of its driver, unloads the driver

Of inet6 addresses, each with a dash in front as well:

	anycast             others have the address, too
	tentative           it may be somebody else's; whether it is gets found out anyway
	deprecated          nothing new is to use it
	pltime, vltime n    seconds for which it is preferred and valid; for ever if not given
	eui64               its lower half is that of the link-local address

Of Ethernet interfaces:

	link AA:BB:CC:DD:EE:FF            one more link address
	link AA:BB:CC:DD:EE:FF active     the one to use; what it was until then is kept
	link AA:BB:CC:DD:EE:FF delete     it goes; the one in use cannot
	media type, mediaopt list, -mediaopt list, mode name, instance n
	ip4csum, tcp4csum, udp4csum, tcp6csum, udp6csum
	                    checksums are not computed by the stack; with -rx or -tx
	                    behind it in one direction, with a dash in front not so
	tso4, tso6          nor is the data of TCP cut into segments

VLAN interfaces are called vlan and a number, and are made with create:

	vlan n vlanif interface           frames with tag n, 1 to 4094, of the interface
	-vlanif                           it has no parent any more, nor addresses

# Options

	-a  every interface           -b  only those that can broadcast
	-l  names only, on one line   -d  only those that are down
	-C  kinds that can be created -u  only those that are up
	-L  lifetimes (inet6)         -s  only connected ones; with an interface alone,
	-m  media that are supported      show nothing, the exit status tells
	-v  statistics                -h  with -v, sizes for people
	-z  statistics, then zero them

	--help  alone on the line: show a summary

The environment variable SOCK holds the prefix of the io-pkt to talk to.

# Exit status

0 when all went well, and when an address, a preference, an MTU, a metric or a
tunnel was refused, which is told on the standard error; 1 otherwise. With -s, 1
when the interface is not connected.

# Differences from QNX

A line with a mistake in it changes nothing; the original carries out what stands
before the mistake. Words for features that there are none of here (tunnels,
wireless, carp, aggregates) are understood and refused with the error of an
interface that lacks them. All capabilities are enabled at first; on QNX none is.
Linux has one switch for the checksums of TCP and UDP that are sent, so that any of
their words gives io-pkt all of them. On receipt they also let it join the frames of
a flow, which packet and raw sockets (tcpdump has one) see as one frame. Preferences
are kept and shown, and Linux chooses source addresses in its own way. Netmasks must
be prefixes. A VLAN interface loses its addresses together with its parent, and its
MTU leaves room for the tag in the parent's. -v shows the driver's own counters too,
and -z leaves those alone; packets are counted as nicinfo does. When no io-pkt runs, a
second line says so.
*/
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"io-pkt/internal/ctl"
	"io-pkt/internal/qnx"
)

const name = "ifconfig"

// timeout bounds what io-pkt may take. Unloading a driver is the longest.
const timeout = time.Minute

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command; it gives the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "--help" {
		fmt.Fprint(stdout, usage)
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	out := bufio.NewWriter(stdout)
	status := 0
	err := ifconfig(ctx, args, out, stderr)
	if errors.Is(err, errNotConnected) {
		status, err = 1, nil
	}
	if err == nil {
		err = out.Flush()
	} else {
		_ = out.Flush() // what was shown before the error
	}
	if err != nil {
		tell(stderr, err)
		status = 1
	}
	return status
}

// tell prints an error in the original's way.
func tell(w io.Writer, err error) {
	if u, ok := errors.AsType[usageError](err); ok {
		fmt.Fprint(w, u)
		return
	}
	fmt.Fprintf(w, "%s: %v\n", name, err)
	if c, ok := errors.AsType[connectError](err); ok {
		// The original's text explains little here.
		fmt.Fprintf(w, "%s: %v\n", name, c.err)
	}
}

// A complaint is an error in the original's words, whatever their style.
type complaint string

func (c complaint) Error() string { return string(c) }

// An ioctlError is io-pkt's refusal, under the name of the call it stands for.
type ioctlError struct {
	ioctl string
	err   error
}

func (e ioctlError) Error() string { return e.ioctl + ": " + reason(e.err) }
func (e ioctlError) Unwrap() error { return e.err }

// A connectError says that there is no io-pkt to talk to. The original cannot
// even make a socket then.
type connectError struct{ err error }

func (e connectError) Error() string {
	if errors.Is(e.err, ctl.ErrNotRunning) {
		return "socket: " + qnx.ErrnoText(syscall.EAFNOSUPPORT)
	}
	return "socket: " + reason(e.err)
}

// reason gives the text of the errno inside an error, in QNX's words, or the
// error's own when there is none.
func reason(err error) string {
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return qnx.ErrnoText(e)
	}
	return err.Error()
}
