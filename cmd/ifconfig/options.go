package main

import (
	"fmt"

	"io-pkt/internal/getopt"
)

// letters are the options of QNX's ifconfig; none takes a value. They are split
// by hand, not by kong, because they end at the interface's name: behind it,
// -alias and -arp are words like any other.
const letters = "AabCdhLlmsuvz"

// options are the options given.
type options struct {
	all, names, cloners, old bool // -a -l -C -A

	// Which interfaces -a and -l show: -b -d -u -s.
	broadcast, down, up, connected bool

	// What is shown of each: -m -v -z -h -L.
	media, stats, zero, human, lifetimes bool
}

func (o *options) set(letter rune) {
	*map[rune]*bool{
		'a': &o.all, 'l': &o.names, 'C': &o.cloners, 'A': &o.old,
		'b': &o.broadcast, 'd': &o.down, 'u': &o.up, 's': &o.connected,
		'm': &o.media, 'v': &o.stats, 'z': &o.zero, 'h': &o.human, 'L': &o.lifetimes,
	}[letter] = true
}

// parseOptions splits the options off and refuses the mixtures that make no
// sense, with a usageError.
func parseOptions(args []string) (options, []string, error) {
	var o options
	given, operands, err := getopt.Parse(args, letters)
	if err != nil {
		return o, nil, usageError{err}
	}
	for _, g := range given {
		o.set(g.Letter)
	}
	o.stats = o.stats || o.zero
	// QNX shows all interfaces when none is named; NetBSD shows its usage.
	o.all = o.all || len(operands) == 0 && !o.names && !o.cloners

	lists := o.names || o.cloners
	switch {
	case lists && (o.all || o.media || o.stats || o.lifetimes || len(operands) > 0),
		o.names && o.cloners,
		o.all && len(operands) > 1,
		o.connected && !o.all && len(operands) > 1:
		return o, nil, usageError{}
	}
	if o.all && len(operands) == 1 {
		if _, known := families[operands[0]]; !known {
			return o, nil, usageError{}
		}
	}
	return o, operands, nil
}

// A usageError is a command line that makes no sense; the usage is the message.
type usageError struct{ err error }

func (e usageError) Error() string {
	if e.err != nil {
		return fmt.Sprintf("%s: %v\n%s", name, e.err, usage)
	}
	return usage
}

const usage = `usage: ifconfig [-h] [-m] [-v] [-z] [-L] interface
           [af [address[/prefixlen] [dest_addr]] [netmask mask]
           [broadcast addr] [prefixlen n] [alias | -alias | delete]]
           [up | down] [arp | -arp] [mtu n] [metric n] [preference n]
           [debug | -debug] [link0 | -link0] [link1 | -link1]
           [link2 | -link2]
           [anycast | -anycast] [deprecated | -deprecated]
           [tentative | -tentative] [pltime n] [vltime n] [eui64]
           [media type] [mediaopt opts] [-mediaopt opts] [instance n]
           [vlan n vlanif interface | -vlanif]
           [tunnel src_addr dest_addr] [deletetunnel]
           [[-]{ip4csum|tcp4csum|udp4csum|tcp6csum|udp6csum}[-rx|-tx]]
           [tso4 | -tso4] [tso6 | -tso6]
       ifconfig -a [-b] [-d] [-h] [-m] [-s] [-u] [-v] [-z] [-L] [af]
       ifconfig -l [-b] [-d] [-s] [-u]
       ifconfig -s interface
       ifconfig -C
       ifconfig interface create
       ifconfig interface destroy
`
