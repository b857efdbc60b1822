package slog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// words gives 32-bit words as they are in an event.
func words(ws ...uint32) []byte {
	var b []byte
	for _, w := range ws {
		b = binary.NativeEndian.AppendUint32(b, w)
	}
	return b
}

func at(sec, ms int64) time.Time { return time.UnixMilli(sec*1000 + ms) }

func TestCode(t *testing.T) {
	c := NewCode(10000, 4095)
	if got, want := uint32(c), uint32(4095<<20|10000); got != want {
		t.Errorf("NewCode = %#x, want %#x", got, want)
	}
	if c.Major() != 10000 || c.Minor() != 4095 {
		t.Errorf("Major, Minor = %d, %d", c.Major(), c.Minor())
	}
	if got, want := NewCode(1<<20|5, 1<<12|6), NewCode(5, 6); got != want {
		t.Errorf("NewCode with too many bits = %#x, want %#x", got, want)
	}
}

func TestEventBinary(t *testing.T) {
	long := strings.Repeat("x", MaxText)
	for _, c := range []struct {
		name  string
		event Event
		bytes []byte
	}{
		{
			"text",
			Event{Severity: Info, Code: NewCode(TCPIP, 2000), Time: at(5, 123), Text: "tcpip"},
			slices.Concat(words(5|1<<3|123<<4|2<<16, 2000<<20|14, 5), []byte("tcpip\x00\x00\x00")),
		},
		{
			"text that fills its words gets a NUL",
			Event{Severity: Debug2, Time: at(1<<32-1, 999), Text: "1234"},
			slices.Concat(words(7|1<<3|999<<4|2<<16, 0, 1<<32-1), []byte("1234\x00\x00\x00\x00")),
		},
		{"empty text", Event{Time: at(0, 0)}, words(1<<3|1<<16, 0, 0, 0)},
		{"numbers", Event{Severity: Error, Time: at(1, 0), Words: []uint32{1, 0xffffffff}}, words(2|2<<16, 0, 1, 1, 0xffffffff)},
		{"no numbers", Event{Time: at(1, 0), Words: []uint32{}}, words(0, 0, 1)},
		{
			"longest text",
			Event{Time: at(0, 0), Text: long},
			slices.Concat(words(1<<3|MaxWords<<16, 0, 0), []byte(long), []byte{0}),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.event.Append([]byte("before"))
			if want := append([]byte("before"), c.bytes...); !bytes.Equal(got, want) {
				t.Errorf("Append:\n got %x\nwant %x", got, want)
			}
			e, n, err := Parse(append(slices.Clone(c.bytes), "after"...))
			if err != nil || n != len(c.bytes) {
				t.Fatalf("Parse: %d bytes, %v; want %d", n, err, len(c.bytes))
			}
			if d := cmp.Diff(c.event, e); d != "" {
				t.Errorf("Parse (-want +got):\n%s", d)
			}
			for short := range c.bytes {
				if _, _, err := Parse(c.bytes[:short]); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("Parse of %d bytes: %v", short, err)
				}
			}
		})
	}
}

func TestAppendCuts(t *testing.T) {
	long := strings.Repeat("x", MaxText-1)
	for _, c := range []struct {
		name      string
		in, event Event
	}{
		{"text", Event{Text: long + "yz"}, Event{Text: long + "y"}},
		{"text between runes", Event{Text: long + "äz"}, Event{Text: long}},
		{"bytes that are no runes", Event{Text: strings.Repeat("\x80", 2*MaxText)}, Event{Text: strings.Repeat("\x80", MaxText-4)}},
		{"at NUL", Event{Text: "a\x00b"}, Event{Text: "a"}},
		{"numbers", Event{Words: make([]uint32, 1000)}, Event{Words: make([]uint32, MaxWords)}},
		{"severity", Event{Severity: 200}, Event{Severity: Debug2}},
		{"time", Event{Time: at(-1, 0)}, Event{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.in.Append(nil)
			if len(b) > MaxEvent {
				t.Errorf("%d bytes", len(b))
			}
			got, _, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			c.event.Time = at(0, 0)
			if d := cmp.Diff(c.event, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"more than 1028 bytes", words(255<<16, 0, 0)},
		{"a control record", control{kind: kindDump}.append(nil)},
		{"text", []byte("root:x:0:0:root:/root")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if e, _, err := Parse(append(c.b, make([]byte, 2000)...)); !errors.Is(err, ErrFormat) {
				t.Errorf("Parse = %v, %v; want ErrFormat", e, err)
			}
		})
	}
}

func TestParseTooManyMilliseconds(t *testing.T) {
	e, _, err := Parse(words(1023<<4, 0, 5))
	if want := at(5, 999); err != nil || !e.Time.Equal(want) {
		t.Errorf("Parse = %v, %v; want %v", e.Time, err, want)
	}
}

func TestSplit(t *testing.T) {
	long := strings.Repeat("äöü", 1000)
	parts := slices.Collect(split(long))
	if got := strings.Join(parts, ""); got != long {
		t.Errorf("the parts are not the whole: %d bytes of %d", len(got), len(long))
	}
	for _, p := range parts {
		if len(p) > MaxText || strings.ToValidUTF8(p, "") != p {
			t.Errorf("bad part of %d bytes", len(p))
		}
	}
	if got := slices.Collect(split("")); len(got) != 1 {
		t.Errorf("an empty text gives %d events", len(got))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Event{Severity: Info, Code: NewCode(TCPIP, 0), Time: at(5, 1), Text: "tcpip starting"}.Append(nil))
	f.Add(Event{Severity: Warning, Words: []uint32{1, 2, 3}}.Append(nil))
	f.Add(words(255<<16, 0, 0))
	f.Add(words(1<<3|1<<16|1023<<4, 0, 0, 0x41414141))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, n, err := Parse(b)
		if err != nil {
			return
		}
		if n < headerSize || n > MaxEvent || n > len(b) {
			t.Fatalf("took %d of %d bytes", n, len(b))
		}
		again := e.Append(nil)
		e2, n2, err := Parse(again)
		if err != nil || n2 != len(again) {
			t.Fatalf("what Append gives does not parse: %d bytes, %v", n2, err)
		}
		if d := cmp.Diff(e, e2); d != "" {
			t.Errorf("round trip (-first +second):\n%s", d)
		}
		stamp(again, at(77, 7))
		if e3, _, err := Parse(again); err != nil || !e3.Time.Equal(at(77, 7)) || e3.Text != e.Text {
			t.Errorf("stamp spoilt the event: %v, %v", e3, err)
		}
	})
}
