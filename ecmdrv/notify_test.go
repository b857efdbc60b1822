package ecmdrv

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func note(code uint8, value uint16, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{notifyRequestType, code}, value)
	b = append(b, 4, 0) // wIndex
	b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

func speedNote(down, up uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, down)
	return note(notifyConnectionSpeed, 0, binary.LittleEndian.AppendUint32(b, up)...)
}

func TestNotifyDecoder(t *testing.T) {
	up, down := note(notifyNetworkConnection, 1), note(notifyNetworkConnection, 0)
	speed := speedNote(100_000_000, 50_000_000)
	isUp, isDown := notification{connected: true}, notification{}
	isSpeed := notification{code: notifyConnectionSpeed, down: 100_000_000, up: 50_000_000}
	for _, tt := range []struct {
		name      string
		transfers [][]byte
		want      []notification
	}{
		{"connected", [][]byte{up}, []notification{isUp}},
		{"disconnected", [][]byte{down}, []notification{isDown}},
		{"speed", [][]byte{speed}, []notification{isSpeed}},
		{"response", [][]byte{note(notifyResponseAvailable, 0)}, []notification{{code: notifyResponseAvailable}}},
		{"speed in two transfers", [][]byte{up, speed[:8], speed[8:], down}, []notification{isUp, isSpeed, isDown}},
		{"byte by byte", bytes.SplitAfter(speed, nil), []notification{isSpeed}},
		{"several in one", [][]byte{bytes.Join([][]byte{up, speed, down}, nil)}, []notification{isUp, isSpeed, isDown}},
		{"one and a half", [][]byte{append(bytes.Clone(up), speed[:11]...), speed[11:]}, []notification{isUp, isSpeed}},
		{"repeated", [][]byte{up, up, up}, []notification{isUp, isUp, isUp}},
		{"unknown, with data", [][]byte{note(0x77, 3, make([]byte, 50)...), up}, []notification{isUp}},
		{"neither up nor down", [][]byte{note(notifyNetworkConnection, 2), up}, []notification{isUp}},
		{"speed without its data", [][]byte{speed[:8], up}, []notification{isUp}},
		{"speed that claims no data", [][]byte{note(notifyConnectionSpeed, 0), up}, []notification{isUp}},
		{"speed that claims more", [][]byte{note(notifyConnectionSpeed, 0, append(speed[8:16:16], 1, 2, 3)...), up}, []notification{isSpeed, isUp}},
		{"three bytes", [][]byte{up[:3], up}, []notification{isUp}},
		{"garbage", [][]byte{bytes.Repeat([]byte{0x55}, 64), up}, []notification{isUp}},
		{"garbage behind", [][]byte{append(bytes.Clone(up), 0, 1, 2, 3, 4, 5, 6, 7, 8), down}, []notification{isUp, isDown}},
		{"a length of 64 KiB", [][]byte{{notifyRequestType, 0x77, 0, 0, 0, 0, 0xff, 0xff}, up}, []notification{isUp}},
		{"empty", [][]byte{{}, up}, []notification{isUp}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d notifyDecoder
			var got []notification
			for _, b := range tt.transfers {
				d.feed(b, func(n notification) { got = append(got, n) })
			}
			if d := cmp.Diff(tt.want, got, cmp.AllowUnexported(notification{})); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// Whatever came before, a whole notification in a transfer of its own is heard
// at the second time at the latest.
func FuzzNotifyDecoder(f *testing.F) {
	f.Add(note(notifyNetworkConnection, 1), uint8(8))
	f.Add(speedNote(1, 2), uint8(8))
	f.Add(note(0x77, 3, make([]byte, 50)...), uint8(3))
	f.Add([]byte{notifyRequestType, 0x77, 0, 0, 0, 0, 0xff, 3}, uint8(64))
	f.Fuzz(func(t *testing.T, b []byte, packet uint8) {
		var d notifyDecoder
		heard := 0
		count := func(notification) { heard++ }
		for step := max(int(packet), 1); len(b) > 0; b = b[min(step, len(b)):] {
			d.feed(b[:min(step, len(b))], count)
		}
		before := heard
		for range 2 {
			d.feed(note(notifyNetworkConnection, 1), count)
		}
		if heard == before {
			t.Fatal("deaf")
		}
	})
}
