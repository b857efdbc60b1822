package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

// resolveTime bounds the search for a name. A mistyped word is looked up too, and
// the user waits for that.
const resolveTime = 5 * time.Second

// noName is the resolver's complaint (gai_strerror(EAI_NONAME)).
const noName = "hostname nor servname provided, or not known"

// A resolver finds the addresses of names: hosts first, networks then.
type resolver struct {
	lookup   func(ctx context.Context, network, host string) ([]netip.Addr, error)
	networks string // the file, networks(5)
}

func systemResolver() resolver {
	return resolver{net.DefaultResolver.LookupNetIP, "/etc/networks"}
}

// inet finds an inet address, by number or name.
func (r resolver) inet(name string) (netip.Addr, error) {
	if a, ok := parseInet(name); ok {
		return a, nil
	}
	if a, ok := r.host("ip4", name); ok {
		return a, nil
	}
	if a, ok := r.network(name); ok {
		return a, nil
	}
	return netip.Addr{}, badValue(name)
}

// inet6 finds an inet6 address, by number or name. A zone must be the
// interface's own.
func (r resolver) inet6(name, iface string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		if a.Is6() && (a.Zone() == "" || a.Zone() == iface) {
			return a.WithZone(""), nil
		}
	} else if a, ok := r.host("ip6", name); ok {
		return a.WithZone(""), nil
	}
	return netip.Addr{}, fmt.Errorf("%s: %s", name, noName)
}

func (r resolver) host(network, name string) (netip.Addr, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), resolveTime)
	defer cancel()
	list, err := r.lookup(ctx, network, name)
	if err != nil || len(list) == 0 {
		return netip.Addr{}, false
	}
	return list[0].Unmap(), true
}

// network looks a name up in networks(5): name number aliases.
func (r resolver) network(name string) (netip.Addr, bool) {
	f, err := os.Open(r.networks)
	if err != nil {
		return netip.Addr{}, false
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		text, _, _ := strings.Cut(s.Text(), "#")
		words := strings.Fields(text)
		for i, w := range words {
			if i != 1 && len(words) > 1 && w == name {
				return parseNetwork(words[1])
			}
		}
	}
	return netip.Addr{}, false
}

// parseNetwork reads a network's number. Its parts are the address's first, so
// that 10 is 10.0.0.0, other than in an address.
func parseNetwork(s string) (netip.Addr, bool) {
	for strings.Count(s, ".") < 3 {
		s += ".0"
	}
	return parseInet(s)
}

func badValue(word string) error { return fmt.Errorf("%s: bad value", word) }
