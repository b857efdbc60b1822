package main

import (
	"fmt"
	"slices"
	"strings"

	"io-pkt/internal/getopt"
)

// A request is what the command line asks of a DHCP client.
type request struct {
	iface      string // empty for io-pkt's first
	looks      int    // for the interface
	background bool   // go there when it is configured
	now        bool   // go there at once
	tries      int    // 0 for ever
	seconds    int    // of each
	hostname   string
	ident      string
	unicast    bool
}

// most bounds a number of the command line, and of seconds.
const most = 1 << 20

// limit is how many seconds all attempts take; 0 is for ever.
func (r request) limit() int {
	return int(min(int64(r.tries)*int64(r.seconds), most))
}

// longest is what there is room for in an option of DHCP, behind option 61's type
// (RFC 2132, 2).
const longest = 254

// parseOptions reads dhcp.client's command line.
func parseOptions(args []string) (request, error) {
	r := request{looks: 5, seconds: 60}
	given, words, err := getopt.Parse(args, "abdHkmnRruvA:D:h:I:i:P:p:s:T:t:")
	if err != nil {
		return r, err
	}
	if len(words) > 0 {
		return r, fmt.Errorf("unexpected word %q", words[0])
	}
	for _, g := range given {
		var number *int
		switch g.Letter {
		case 'i':
			r.iface = g.Value
		case 'u':
			r.background = true
		case 'b':
			r.unicast = true
		case 'h':
			r.hostname = g.Value
		case 'D':
			r.ident = g.Value
		case 'I':
			number = &r.looks
		case 't':
			number = &r.tries
		case 'T':
			number = &r.seconds
		}
		if number != nil {
			n, rest := getopt.Number(g.Value)
			if rest != "" || g.Value == "" || n < 1 || n > most {
				return r, fmt.Errorf("-%c %s: bad number", g.Letter, g.Value)
			}
			*number = int(n)
		}
	}
	if len(r.hostname) > longest || len(r.ident) > longest {
		return r, fmt.Errorf("-h and -D have room for %d bytes", longest)
	}
	return r, check(r.iface)
}

// The options of dhclient that another client can go without (dhclient(8)): those
// that have a value, and those that have none.
var (
	valued = []string{
		"-lf", "-pf", "-cf", "-df", "-sf", "-p", "-s", "-g", "-e", "-D",
		"--dad-wait-time", "--prefix-len-hint", "--decline-wait-time", "--address-prefix-len",
	}
	plain = []string{"-4", "-q", "-v", "-w", "-i", "-I", "--no-pid"}
)

// own are those that another client cannot do. All but the first three ask for IPv6.
var own = []string{"-r", "-x", "-n", "-6", "-4o6", "-S", "-N", "-T", "-P", "-R"}

// parseDhclient reads dhclient's command line, as far as other clients can do
// what it says.
func parseDhclient(args []string) (request, error) {
	r := request{looks: 1, seconds: 60, background: true}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "-nw":
			r.now = true
		case word == "-d":
			r.background = false
		case word == "-1":
			r.tries = 1
		case slices.Contains(own, word):
			return r, fmt.Errorf("%s: only dhclient itself can do that, and it is not here", word)
		case slices.Contains(valued, word):
			if len(args) == 0 {
				return r, fmt.Errorf("option %s wants a value", word)
			}
			args = args[1:]
		case slices.Contains(plain, word):
		case strings.HasPrefix(word, "-"):
			return r, fmt.Errorf("unknown option %s", word)
		case r.iface != "":
			return r, fmt.Errorf("unexpected word %q: one interface only without dhclient itself", word)
		default:
			r.iface = word
		}
	}
	r.now = r.now && r.background
	return r, check(r.iface)
}

// check refuses what no interface can be called.
func check(iface string) error {
	if strings.HasPrefix(iface, "-") || strings.ContainsAny(iface, "/ \t\n\x00") || len(iface) > 15 {
		return fmt.Errorf("bad interface %q", iface)
	}
	return nil
}
