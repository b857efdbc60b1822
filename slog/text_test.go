package slog

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// The expected lines are those of reference texts: exact to the blank.
func TestLayout(t *testing.T) {
	noon := func(ms int) time.Time { return time.Date(2024, time.March, 7, 12, 0, 5, ms*1e6, time.UTC) }
	tcpip := func(text string) Event {
		return Event{Severity: Info, Code: NewCode(TCPIP, 0), Time: at(5, 123), Text: text}
	}
	console := func(text string) Event { return Event{Severity: Info, Time: at(5, 0), Text: text} }
	numbers := Event{Severity: Warning, Code: NewCode(USB, 100), Time: at(5, 0), Words: []uint32{1, 0xffffffff, 255}}
	for _, c := range []struct {
		name   string
		layout Layout
		events []Event
		want   string
	}{
		{"nothing", Layout{}, nil, "Time             Sev Major Minor Args\n"},
		{
			"texts",
			Layout{},
			[]Event{
				tcpip("tcpip starting"),
				{Severity: Warning, Code: NewCode(TCPIP, 0), Time: noon(0), Text: `Using pseudo random generator.  See "random" option`},
			},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 00:00:05    5    14     0 tcpip starting\n" +
				"Mar 07 12:00:05    3    14     0 Using pseudo random generator.  See \"random\" option\n",
		},
		{
			"milliseconds",
			Layout{Millis: true},
			[]Event{tcpip("devnp-ecm.so busnum=0,devnum=2"), {Code: NewCode(TCPIP, 0), Time: noon(7)}},
			"Time                 Sev Major Minor Args\n" +
				"Jan 01 00:00:05.123    5    14     0 devnp-ecm.so busnum=0,devnum=2\n" +
				"Mar 07 12:00:05.007    0    14     0 \n",
		},
		{
			"a text of two lines",
			Layout{},
			[]Event{tcpip("Unable to init devnp-ecm.so: No such device\n")},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 00:00:05    5    14     0 Unable to init devnp-ecm.so: No such device\n\n",
		},
		{
			"wide codes shift the columns",
			Layout{},
			[]Event{{Code: NewCode(123456, 4095), Time: at(5, 0), Text: "x"}, {Code: NewCode(10000, 200), Time: at(5, 0), Text: "x"}},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 00:00:05    0 123456   4095 x\n" +
				"Jan 01 00:00:05    0 10000   200 x\n",
		},
		{
			"numbers",
			Layout{},
			[]Event{numbers, {Code: NewCode(USB, 0), Time: at(5, 0), Words: []uint32{}}},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 00:00:05    3    12   100 1 -1 255 \n" +
				"Jan 01 00:00:05    0    12     0 \n",
		},
		{
			"numbers in hexadecimal",
			Layout{Hex: true},
			[]Event{numbers},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 00:00:05    3    12   100 1 ffffffff ff \n",
		},
		{
			"numbers by a format",
			Layout{Formats: Formats{NewCode(USB, 100): "port %d: %x of %u"}},
			[]Event{numbers, {Code: NewCode(USB, 100), Time: at(5, 0), Text: "a text stays"}},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 00:00:05    3    12   100 port 1: ffffffff of 255\n" +
				"Jan 01 00:00:05    0    12   100 a text stays\n",
		},
		{
			"console text is raw",
			Layout{},
			[]Event{console("one "), console("two"), tcpip("three"), tcpip("four"), console("five\n")},
			"Time             Sev Major Minor Args\n" +
				"one two\n" +
				"Jan 01 00:00:05    5    14     0 three\n" +
				"Jan 01 00:00:05    5    14     0 four\n" +
				"five\n",
		},
		{
			"console numbers are not",
			Layout{},
			[]Event{{Time: at(5, 0), Words: []uint32{1}}},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 00:00:05    0     0     0 1 \n",
		},
		{
			"escapes",
			Layout{Escape: true},
			[]Event{tcpip("a\tb\x1b[2J\x7f ü \u009b1m \x9b \ufffd\nc"), console("\x07")},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 00:00:05    5    14     0 a\tb\\x1b[2J\\x7f ü \\xc2\\x9b1m \\x9b \ufffd\nc\n" +
				"\\x07",
		},
		{
			"no escapes",
			Layout{},
			[]Event{tcpip("a\x1b[2J\x9b")},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 00:00:05    5    14     0 a\x1b[2J\x9b\n",
		},
		{
			"another time zone",
			Layout{Location: time.FixedZone("", 3600)},
			[]Event{tcpip("x")},
			"Time             Sev Major Minor Args\n" +
				"Jan 01 01:00:05    5    14     0 x\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.layout.Location == nil {
				c.layout.Location = time.UTC
			}
			got := []byte(c.layout.Header())
			for _, e := range c.events {
				got = c.layout.Append(got, e)
			}
			if d := cmp.Diff(c.want, string(got)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// Whatever an event holds, a line begins with six words and ends, and a terminal
// is safe.
func FuzzLayout(f *testing.F) {
	f.Add(Event{Severity: Info, Code: NewCode(TCPIP, 0), Text: "tcpip starting"}.Append(nil), "%d", false)
	f.Add(Event{Severity: Info, Code: NewCode(1, 2), Words: []uint32{1, 2}}.Append(nil), "%s \\n %5.3lld %%", true)
	f.Add(Event{Code: NewCode(1, 2), Text: "\x1b[0m\x9b\n"}.Append(nil), "", true)
	f.Fuzz(func(t *testing.T, b []byte, format string, hex bool) {
		e, _, err := Parse(b)
		if err != nil {
			return
		}
		l := Layout{Hex: hex, Escape: true, Formats: Formats{e.Code: Format(format)}}
		line := string(l.Append(nil, e))
		if e.Code.Major() != Console || e.Words != nil {
			if !strings.HasSuffix(line, "\n") {
				t.Errorf("%q does not end", line)
			}
			prefix, _, _ := strings.Cut(line, "\n")
			if got := len(strings.Fields(prefix)); got < 6 {
				t.Errorf("%q has %d words", line, got)
			}
		}
		if !utf8.ValidString(line) {
			t.Errorf("%q is not UTF-8", line)
		}
		for _, r := range line {
			if !harmless(r) {
				t.Errorf("%q has %U", line, r)
			}
		}
	})
}
