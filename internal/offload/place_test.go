package offload

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// Without an identification, as in IPv6, or with one that stands still, nothing in a
// datagram's headers tells its place. What is not joined has to keep it all the same.
func TestPlace(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		const ip = etherLen
		proto := ip + 9
		if v6 {
			proto = ip + 6
		}
		for _, tt := range []struct {
			name   string
			length int            // of the third one's payload
			change func(f []byte) // of the third one
			want   []int
		}{
			{"nothing", 100, func([]byte) {}, []int{5}},
			{"shorter", 50, func([]byte) {}, []int{3, 2}},
			{"longer", 150, func([]byte) {}, []int{2, 2, 1}},
			{"wrong checksum", 100, func(f []byte) { f[len(f)-1]++ }, []int{2, 1, 2}},
			{"another protocol", 100, func(f []byte) { f[proto] = 1 }, []int{2, 1, 2}},
			{"fragment", 100, func(f []byte) { f[ip+6] = 0x20 }, []int{2, 1, 2}}, // IPv6: of another protocol, too
			{"IP options", 100, func(f []byte) { f[ip] = 0x46 }, []int{2, 1, 2}}, // IPv6: not well-formed
		} {
			t.Run(fmt.Sprintf("%s v6=%v", tt.name, v6), func(t *testing.T) {
				var frames [][]byte
				for i := range 5 {
					s := spec{udp: true, v6: v6, payload: text(100*i, 100)}
					if i == 2 {
						s.payload = text(100*i, tt.length)
					}
					frames = append(frames, s.frame())
				}
				tt.change(frames[2])
				packets := coalesce(all, frames...)
				if got := counts(t, packets); !equalInts(got, tt.want) {
					t.Errorf("got packets of %v frames, want %v", got, tt.want)
				}
				same := func(a, b []byte) bool { return bytes.Equal(normal(a), normal(b)) }
				if !slices.EqualFunc(splitAll(t, packets), frames, same) {
					t.Error("frames were changed, or their order")
				}
			})
		}
	}
}

// Some are joined to none, although each follows the one before it.
func TestSingle(t *testing.T) {
	const ip = etherLen
	set := func(at int, b ...byte) func(f []byte, s spec) {
		return func(f []byte, s spec) { copy(f[at:], b); seal(f, s.v6, s.udp) }
	}
	ports := func(from, to uint16) func(f []byte, s spec) {
		return func(f []byte, s spec) {
			at := ip + ip4Len
			if s.v6 {
				at = ip + ip6Len
			}
			binary.BigEndian.PutUint16(f[at:], from)
			binary.BigEndian.PutUint16(f[at+2:], to)
			seal(f, s.v6, s.udp)
		}
	}
	tcp4, udp4, udp6 := spec{flags: ack}, spec{udp: true}, spec{udp: true, v6: true}
	for _, tt := range []struct {
		name   string
		s      spec
		change func(f []byte, s spec)
		joined bool
	}{
		{"wrong IP checksum", tcp4, func(f []byte, _ spec) { f[ip+11]++ }, false},
		{"wrong IP checksum", udp4, func(f []byte, _ spec) { f[ip+11]++ }, false},
		{"constant id", tcp4, set(ip+4, 0, 1), true},
		{"constant id without DF", tcp4, set(ip+4, 0, 1, 0), false},
		{"constant id without DF", udp4, set(ip+4, 0, 1, 0), false},
		{"to a group", udp4, set(0, 0x01, 0, 0x5e, 0, 0, 9), false},
		{"to a group", udp6, set(0, 0x33, 0x33, 0, 0, 0, 9), false},
		{"to all", udp4, set(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), false},
		{"from a DHCP server", udp4, ports(67, 2000), false},
		{"from a DHCP client", udp4, ports(68, 2000), false},
		{"to a DHCP server", udp4, ports(2000, 67), false},
		{"to a DHCP client", udp4, ports(2000, 68), false},
		{"from a DHCPv6 client", udp6, ports(546, 2000), false},
		{"from a DHCPv6 server", udp6, ports(547, 2000), false},
		{"to a DHCPv6 client", udp6, ports(2000, 546), false},
		{"to a DHCPv6 server", udp6, ports(2000, 547), false},
		{"below these ports", udp4, ports(66, 545), true},
		{"above these ports", udp6, ports(69, 548), true},
	} {
		t.Run(fmt.Sprintf("%s udp=%v v6=%v", tt.name, tt.s.udp, tt.s.v6), func(t *testing.T) {
			frames := series(tt.s, 300, 100)
			for _, f := range frames {
				tt.change(f, tt.s)
			}
			want := []int{1, 1, 1}
			if tt.joined {
				want = []int{3}
			}
			packets := coalesce(all, frames...)
			if got := counts(t, packets); !equalInts(got, want) {
				t.Errorf("got packets of %v frames, want %v", got, want)
			}
			if !tt.joined && !equal(splitAll(t, packets), frames) {
				t.Error("frames were changed, or their order")
			}
		})
	}
}
