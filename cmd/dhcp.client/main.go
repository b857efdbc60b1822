/*
dhcp.client configures an interface by DHCP.

# Synopsis

	dhcp.client [-abdHkmnRru] [-A num] [-D ident] [-h hostname] [-I num] [-i interface]
	            [-P port] [-p port] [-s host] [-T seconds] [-t num]
	dhclient [option...] [interface...]

# Description

dhcp.client calls the system's own DHCP client, which is the first of these in
PATH: dhclient, udhcpc, dhcpcd, and busybox's udhcpc. Either udhcpc counts only where
there is a script for it, which does the configuring: /etc/udhcpc/default.script or
/usr/share/udhcpc/default.script. The client runs in the foreground; scripts have "&"
behind it, or -u.

dhclient, the word of QNX 7, is the system's dhclient with the same arguments; where
there is none, it is one of the others.

# Options

	-i interface  the interface; the default is the first one of io-pkt
	-I num        look num times, every two seconds, whether it is there; 5 if not given
	-u            go to the background when the interface is configured
	-t num        give up after so many attempts; the default is never
	-T seconds    how long each of them takes; the default is 60
	-h hostname   the name that the server is told
	-D ident      the client's identifier; the default is the MAC address
	-b            let the server answer to this machine alone

	--help  alone on the line: show a summary

The other options are accepted, without effect. The environment variable SOCK
holds the prefix of the io-pkt whose interfaces count.

dhclient has no options for -h, -D and -T. It gets a configuration file that says it,
and that includes its own one: PATH_DHCLIENT_CONF of the environment, else
/etc/dhcp/dhclient.conf or /etc/dhclient.conf.

# Exit status

	0  the interface is configured
	1  the command line makes no sense, or there is no DHCP client, or it fails
	2  there is no such interface
	3  no server has answered, until -t or a signal ended it

# Differences from QNX

Without -u the status is the system's client's own. When it ends, dhclient and
dhcpcd do not give the address back. Which files it writes is the system's matter.

The servers' answers to dhclient are for this machine alone in any case. Where none
answers at the end of -t, dhclient takes up a lease of before that is still valid.
With -t it also ends, in the background, when a lease runs out and no server
answers for that long.

Where there is no dhclient, the word dhclient takes the options of ISC's, 4.4.
*/
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

const usage = `usage: dhcp.client [-abdHkmnRru] [-A num] [-D ident] [-h hostname] [-I num]
                   [-i interface] [-P port] [-p port] [-s host]
                   [-T seconds] [-t num]
       dhclient [option...] [interface...]
`

// The exit statuses ("dhcp.client", 6.6).
const (
	exitError       = 1
	exitNoInterface = 2
	exitNoServer    = 3
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the command under either name. It gives the exit status, and does not
// come back when it becomes the system's client.
func run(args []string, stdout, stderr io.Writer) int {
	name := filepath.Base(args[0])
	if len(args) == 2 && args[1] == "--help" {
		fmt.Fprint(stdout, usage)
		return 0
	}
	fail := func(err error, status int) int {
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return status
	}
	var r request
	var err error
	if name == "dhclient" {
		if path, err := lookPath(name); err == nil {
			return fail(syscall.Exec(path, args, os.Environ()), exitError)
		}
		r, err = parseDhclient(args[1:])
	} else {
		r, err = parseOptions(args[1:])
	}
	if err != nil {
		fmt.Fprint(stderr, usage)
		return fail(err, exitError)
	}
	path, argv, err := find()
	if err != nil {
		return fail(err, exitError)
	}
	if r.iface, err = r.awaitInterface(); err != nil {
		return fail(err, exitNoInterface)
	}
	client, conf := argv[len(argv)-1], ""
	if client == "dhclient" {
		if conf, err = hold("dhclient.conf", r.conf(systemConf())); err != nil {
			return fail(err, exitError)
		}
	}
	line := append(argv, r.arguments(client, conf)...)
	switch {
	case !r.background:
		err = syscall.Exec(path, line, os.Environ())
	case r.now:
		err = background(path, line)
	default:
		err = await(path, line)
	}
	switch {
	case err == nil:
		return 0
	case noServer(client, err):
		return exitNoServer
	}
	return fail(fmt.Errorf("%s: %w", client, err), exitError)
}
