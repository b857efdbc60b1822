package offload

import (
	"bytes"
	"encoding/binary"
	"sort"
	"testing"
)

// FuzzCoalesce: whatever a batch is, cutting what it becomes gives its frames,
// those of one flow in their order. Input is frames, each behind its length.
func FuzzCoalesce(f *testing.F) {
	pack := func(frames ...[]byte) (b []byte) {
		for _, x := range frames {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(x))), x...)
		}
		return b
	}
	f.Add(pack(series(spec{flags: ack, options: timestamps}, 300, 100)...))
	f.Add(pack(series(spec{flags: ack, v6: true}, 250, 100)...))
	f.Add(pack(series(spec{udp: true}, 250, 100)...))
	f.Add(pack(series(spec{udp: true, v6: true}, 20, 10)...))
	f.Add(pack(append(series(spec{flags: ack}, 200, 100), series(spec{flags: ack, port: 1001}, 200, 100)...)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var frames [][]byte
		for len(b) >= 2 && len(frames) < 200 {
			n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
			if n >= etherLen {
				frames = append(frames, b[2:2+n])
			}
			b = b[2+n:]
		}
		got := splitAll(t, coalesce(all, frames...))
		sortFlows(got)
		sortFlows(frames)
		if len(got) != len(frames) {
			t.Fatalf("got %d frames, want %d", len(got), len(frames))
		}
		for i := range got {
			if !bytes.Equal(normal(got[i]), normal(frames[i])) {
				t.Fatalf("frame %d: got\n% x, want\n% x", i, got[i], frames[i])
			}
		}
	})
}

// sortFlows brings the frames of each flow together, in their order.
func sortFlows(frames [][]byte) {
	key := func(f []byte) string {
		var s segment
		if k := s.parse(f, all); k == flow || k == plain {
			return string(f[s.transport:s.transport+4]) + string(addresses(f, etherLen, s.v6)) + string(f[12:14]) + map[bool]string{true: "udp"}[s.udp]
		}
		return ""
	}
	sort.SliceStable(frames, func(i, j int) bool { return key(frames[i]) < key(frames[j]) })
}

// normal takes out what is allowed to differ: an identification that DF makes
// meaningless, and the two ways to write a checksum of zero.
func normal(f []byte) []byte {
	var s segment
	if s.parse(f, all) != plain || !s.sound(s.pseudo()) {
		return f
	}
	f = bytes.Clone(f)
	at := s.transport + tcpCsum
	if s.udp {
		at = s.transport + udpCsum
	}
	f[at], f[at+1] = 0, 0
	if !s.v6 {
		if f[etherLen+6] == 0x40 {
			f[etherLen+4], f[etherLen+5] = 0, 0
		}
		f[etherLen+10], f[etherLen+11] = 0, 0
	}
	return f
}

// FuzzSplit: no header makes a Splitter leave its buffer, or not end; what it
// makes has right checksums and all of the payload.
func FuzzSplit(f *testing.F) {
	for _, s := range []spec{{flags: ack, options: timestamps}, {udp: true}, {flags: ack, v6: true}, {udp: true, v6: true}} {
		f.Add(coalesce(all, series(s, 500, 100)...)[0])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < HeaderLen || len(b) > 70000 {
			return
		}
		var h Header
		h.Decode(b)
		frame := b[HeaderLen:]
		Complete(bytes.Clone(frame), h)
		const limit = 1518
		var s Splitter
		if s.Start(bytes.Clone(frame), h, limit) != nil {
			return
		}
		// The kernel has the pseudo header's sum in the field.
		whole := segment{frame: frame, transport: s.transport, v6: s.v6, udp: s.udp}
		field := frame[int(h.CsumStart)+int(h.CsumOffset):]
		binary.BigEndian.PutUint16(field, whole.pseudo().word(uint16(len(frame)-s.transport)).fold())
		if err := s.Start(bytes.Clone(frame), h, limit); err != nil {
			t.Fatal(err)
		}
		head := len(s.head)
		want := frame[head:]
		buf := make([]byte, limit)
		for s.Pending() {
			n := s.Next(buf)
			if got := buf[head:n]; len(got) == 0 || !bytes.HasPrefix(want, got) {
				t.Fatalf("got payload % x, want the next of % x", got, want)
			}
			want = want[n-head:]
			x := segment{frame: buf[:n], transport: s.transport, v6: s.v6, udp: s.udp}
			if s.ip == etherLen && !x.sound(x.pseudo()) {
				t.Fatalf("wrong checksum: % x", buf[:n])
			}
		}
		if len(want) != 0 {
			t.Fatalf("%d bytes were lost", len(want))
		}
	})
}
