package ecmdrv

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// piece is one transfer: so many bytes, and whether a short packet ended it.
type piece struct {
	length int
	ended  bool
}

func TestAssembler(t *testing.T) {
	for _, tt := range []struct {
		name            string
		pieces          []piece
		want            []int // lengths of the frames
		overlong, runts uint64
	}{
		{"one in one", []piece{{60, true}}, []int{60}, 0, 0},
		{"the shortest", []piece{{14, true}}, []int{14}, 0, 0},
		{"the longest", []piece{{1518, true}}, []int{1518}, 0, 0},
		{"over two", []piece{{512, false}, {88, true}}, []int{600}, 0, 0},
		{"over three, ended by a zero-length packet", []piece{{512, false}, {512, false}, {0, true}}, []int{1024}, 0, 0},
		{"a zero-length packet alone", []piece{{0, true}, {60, true}}, []int{60}, 0, 0},
		{"runts", []piece{{1, true}, {13, true}, {60, true}}, []int{60}, 0, 2},
		{"over-long in one", []piece{{1519, true}, {60, true}}, []int{60}, 1, 0},
		{"over-long over three", []piece{{1024, false}, {1024, false}, {10, true}, {60, true}}, []int{60}, 1, 0},
		{"endless", []piece{{1024, false}, {1024, false}, {1024, false}, {1024, false}}, nil, 1, 0},
		{"two in one batch", []piece{{512, false}, {1, true}, {512, false}, {2, true}}, []int{513, 514}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := assembler{limit: 1518}
			for range 3 { // the buffers are used again
				var frames [][]byte
				var want []int
				for i, p := range tt.pieces {
					if f := a.add(bytes.Repeat([]byte{byte(i)}, p.length), p.ended); f != nil {
						frames = append(frames, f)
					}
				}
				for _, f := range frames {
					want = append(want, len(f))
				}
				if d := cmp.Diff(tt.want, want); d != "" {
					t.Fatalf("-want +got\n%s", d)
				}
				a.recycle()
				if a.overlong != tt.overlong || a.runts != tt.runts {
					t.Fatalf("got %d over-long, %d runts; want %d, %d", a.overlong, a.runts, tt.overlong, tt.runts)
				}
				a.abort(false)
				a.overlong, a.runts, a.dropping = 0, 0, false
			}
		})
	}
}

func TestAssemblerAbort(t *testing.T) {
	a := assembler{limit: 1518}
	a.add(make([]byte, 512), false)
	a.abort(true)
	if f := a.add(make([]byte, 100), true); f != nil {
		t.Errorf("the rest of a lost frame became a frame of %d bytes", len(f))
	}
	if f := a.add(make([]byte, 100), true); len(f) != 100 {
		t.Errorf("the frame behind it: got %d bytes, want 100", len(f))
	}
	a.add(make([]byte, 512), false)
	a.abort(false)
	if f := a.add(make([]byte, 100), true); len(f) != 100 {
		t.Errorf("after a halt: got %d bytes, want 100", len(f))
	}
	a.add(make([]byte, 1519), false)
	a.abort(false)
	if f := a.add(make([]byte, 100), true); f != nil {
		t.Errorf("the rest of an over-long frame became one of %d bytes", len(f))
	}
}

func FuzzAssembler(f *testing.F) {
	f.Add([]byte{60, 0, 1, 2, 3}, uint16(100))
	f.Add(bytes.Repeat([]byte{0x80}, 64), uint16(1518))
	f.Fuzz(func(t *testing.T, steps []byte, limit uint16) {
		a := assembler{limit: int(limit)}
		b := make([]byte, 4*127)
		for _, s := range steps { // 7 bits of length in units of 4, one of "ended"
			got := a.add(b[:4*int(s&0x7f)], s&0x80 != 0)
			if got != nil && (len(got) < headerSize || len(got) > a.limit) {
				t.Fatalf("a frame of %d bytes, limit %d", len(got), a.limit)
			}
			if len(a.part) > a.limit {
				t.Fatalf("%d bytes kept, limit %d", len(a.part), a.limit)
			}
			if s&1 != 0 {
				a.recycle()
			}
		}
	})
}
