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
words take effect as on QNX: up, down, flags, mtu and metric from left to right,
then the address. A plain inet address replaces the interface's first one and
brings the interface up. The address family is inet unless inet6 is named.

	address[/length]    the address; 10.184 is 10.0.0.184, without a mask /8
	dest_address        the other end of a point-to-point link
	netmask mask        0xff000000 or 255.0.0.0
	prefixlen n         the same, as a length
	broadcast address
	alias               the address is one more
	-alias, delete      the address goes; without an address, the first one
	up, down
	mtu n, metric n
	arp, -arp, debug, -debug, link0 to link2, -link0 to -link2
	tentative, deprecated, and with a dash; pltime, vltime seconds; eui64 (inet6)
	create, destroy     destroy takes the interface out of service and, when it was
	                    the last one of its driver, unloads the driver

# Options

	-a  every interface           -b  only those that can broadcast
	-l  names only, on one line   -d  only those that are down
	-C  kinds that can be created -u  only those that are up
	-L  lifetimes (inet6)         -s  only connected ones; with an interface alone,
	-m  media that are supported      show nothing, the exit status tells
	-v  statistics                -h  with -v, sizes for people
	-z  statistics, then zero them

The environment variable SOCK holds the prefix of the io-pkt to talk to.

# Exit status

0 when all went well, and when an address, an MTU or a metric was refused, which
is told on the standard error; 1 otherwise. With -s, 1 when the interface is not
connected.

# Differences from QNX

A line with a mistake in it changes nothing; the original carries out what stands
before the mistake. Words for features that there are none of here (offload,
media, vlan, tunnels, wireless, carp) are understood and refused with the error of
an interface that lacks them. -v shows the driver's own counters too. When no
io-pkt runs, a second line says so.
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
