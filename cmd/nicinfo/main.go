/*
nicinfo shows what the drivers of io-pkt know of their hardware.

# Synopsis

	nicinfo [interface ...]
	nicinfo -s interface

# Description

nicinfo shows the hardware and the counters of the interfaces named, or of all
interfaces that have a driver:

	ecm0:
	  Linux CDC-ECM adapter

	  Physical Node ID ........................... 020000 000001
	  Current Physical Node ID ................... 020000 000001
	  Current Operation Rate ..................... 100.00 Mb/s full-duplex
	  Maximum Transmittable data Unit ............ 1500
	  ...
	  Packets Transmitted OK ..................... 12
	  Bytes Transmitted OK ....................... 1180
	  ...

What a device does not tell is left out. Packets and bytes are those of frames as
they are on the wire, as a network card with segmentation counts them. At the end come
counters of the driver's own, in its words.

# Options

	-s interface  show the counters alone
	--help        show a summary

The environment variable SOCK holds the prefix of the io-pkt to talk to.

# Exit status

0 when everything could be shown; 1 when not: an interface is not there, or has no
driver, or no io-pkt runs.

# Differences from QNX

What a USB device has none of is not shown: interrupt, I/O ports, memory, PHY, and
the counters of collisions and of the wire's errors. ip -s link has fewer packets and
bytes, because Linux counts large frames once, before they are cut and after they have
been joined; so it does what it drops of them by itself, which is in Packets Dropped.
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
	"io-pkt/internal/getopt"
	"io-pkt/internal/qnx"
)

const name = "nicinfo"

const usage = `usage: nicinfo [interface ...]
       nicinfo -s interface
`

// timeout bounds what io-pkt may take.
const timeout = time.Minute

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command; it gives the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "--help" {
		fmt.Fprint(stdout, usage)
		return 0
	}
	given, names, err := getopt.Parse(args, "s:")
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n%s", name, err, usage)
		return 1
	}
	for _, g := range given {
		names = append(names, g.Value)
	}
	out := bufio.NewWriter(stdout)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err = nicinfo(ctx, out, names, len(given) > 0)
	if err = errors.Join(err, out.Flush()); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// nicinfo shows the interfaces named, all that have a driver when there are no
// names. One that cannot be shown does not keep the others from it.
func nicinfo(ctx context.Context, w io.Writer, names []string, countersOnly bool) error {
	c, err := ctl.Dial(ctx, ctl.Prefix())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer c.Close()
	reply, err := c.Do(ctx, ctl.Request{Op: ctl.OpList})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	nics := make(map[string]ctl.Interface)
	for _, i := range reply.Interfaces {
		if i.Driver != "" && len(names) == 0 {
			show(w, i, countersOnly)
		}
		nics[i.Name] = i
	}
	var errs []error
	for _, n := range names {
		switch i := nics[n]; {
		case i.Name == "":
			errs = append(errs, failure(n, syscall.ENXIO))
		case i.Driver == "":
			errs = append(errs, failure(n, syscall.EOPNOTSUPP))
		default:
			show(w, i, countersOnly)
		}
	}
	return errors.Join(errs...)
}

func failure(interfaceName string, e syscall.Errno) error {
	return fmt.Errorf("%s: %s: %s", name, interfaceName, qnx.ErrnoText(e))
}
