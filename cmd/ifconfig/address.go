package main

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// parseInet reads an inet address as inet_aton(3) of the BSDs does: one to four
// parts, the last of which fills the rest, so that 10.184 is 10.0.0.184 and 127.1
// is 127.0.0.1. Each part is decimal, octal after 0, or hexadecimal after 0x.
// White space may follow.
func parseInet(s string) (netip.Addr, bool) {
	parts := strings.Split(strings.TrimRight(s, " \t\n\v\f\r"), ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var value uint32
	for i, part := range parts {
		n, ok := parsePart(part)
		if !ok {
			return netip.Addr{}, false
		}
		if i < len(parts)-1 {
			if n > 0xff {
				return netip.Addr{}, false
			}
			value |= n << (24 - 8*i)
			continue
		}
		if uint64(n) >= 1<<(32-8*i) {
			return netip.Addr{}, false
		}
		value |= n
	}
	return inetAddr(value), true
}

// parsePart reads one part. strconv knows more forms than C does: signs,
// underscores, 0b and 0o.
func parsePart(s string) (uint32, bool) {
	digits, base := s, 10
	if rest, hex := strings.CutPrefix(strings.ToLower(s), "0x"); hex {
		digits, base = rest, 16
	} else if len(s) > 1 && s[0] == '0' {
		digits, base = s[1:], 8
	}
	if digits == "" || strings.ContainsAny(digits, "+-_") {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return uint32(n), err == nil
}

// inetAddr and inetValue turn an inet address from and to host order.
func inetAddr(value uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, value)))
}

func inetValue(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// classMask is the netmask of an address for which none was given: class A, B,
// and C for all the rest.
func classMask(a netip.Addr) uint32 {
	switch v := inetValue(a); {
	case v>>31 == 0:
		return 0xff000000
	case v>>30 == 2:
		return 0xffff0000
	default:
		return 0xffffff00
	}
}

// inetMask is the netmask of a prefix length. 0 means the same as 32: the original
// tests for both before it shifts.
func inetMask(length int) uint32 {
	if length == 0 {
		return 0xffffffff
	}
	return 0xffffffff << (32 - length)
}

// prefixLength reads a length of at most bits as strtol(3) does: what follows the
// digits does not matter, and no digits are 0.
func prefixLength(s string, bits int) (int, bool) {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	end := 0
	for end < len(s) && ('0' <= s[end] && s[end] <= '9' || end == 0 && (s[0] == '-' || s[0] == '+')) {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil && strings.Trim(s[:end], "+-") != "" {
		return 0, false // out of int's range, so out of ours
	}
	return n, 0 <= n && n <= bits
}

// broadcastOf is the broadcast address of an address's network.
func broadcastOf(a netip.Addr, mask uint32) netip.Addr {
	return inetAddr(inetValue(a)&mask | ^mask)
}

// splitPrefix takes address/length apart, at the last slash.
func splitPrefix(s string) (address, length string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// contiguous reports whether an inet netmask is a prefix: ones, and then zeros.
func contiguous(mask uint32) bool { return ^mask&(^mask+1) == 0 }

// maskLength gives the prefix length of an inet6 netmask, if it is one.
func maskLength(mask netip.Addr) (int, bool) {
	length, ended := 0, false
	for _, b := range mask.As16() {
		for bit := 7; bit >= 0; bit-- {
			one := b>>bit&1 == 1
			if one && ended {
				return 0, false
			}
			if one {
				length++
			}
			ended = ended || !one
		}
	}
	return length, true
}
