package slog

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormatsRead(t *testing.T) {
	const file = `# formats of the modem
14 0	packets %d
0xe 100   two  blanks  

12 010 octal
nonsense
1048576 0 major too big
1 4096 minor too big
1 -1 minor too small
1 x not a number
5 6
`
	got := Formats{}
	err := got.Read(strings.NewReader(file))
	want := Formats{
		NewCode(14, 0):   "packets %d",
		NewCode(14, 100): "two  blanks",
		NewCode(12, 8):   "octal",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	const wantErr = `line 6: want a major code, a minor code and a format
line 7: bad code "1048576"
line 8: bad code "4096"
line 9: bad code "-1"
line 10: bad code "x"
line 11: want a major code, a minor code and a format`
	if d := cmp.Diff(wantErr, fmt.Sprint(err)); d != "" {
		t.Errorf("error (-want +got):\n%s", d)
	}
}

func TestFormatsReadIsBounded(t *testing.T) {
	var file strings.Builder
	for i := range maxFormats + 10 {
		fmt.Fprintf(&file, "%d 0 x\n", i)
	}
	f := Formats{}
	if err := f.Read(strings.NewReader(file.String())); err == nil || len(f) != maxFormats {
		t.Errorf("%d formats, %v", len(f), err)
	}
	if err := f.Read(strings.NewReader("1 1 " + strings.Repeat("x", 1<<20))); err == nil {
		t.Error("a line of 1 MB is taken")
	}
}

// The wanted texts are those of printf in C.
func TestFormatText(t *testing.T) {
	for _, c := range []struct {
		format Format
		words  []uint32
		want   string
	}{
		{"plain", []uint32{1}, "plain"},
		{"%d %i %u", []uint32{0xffffffff, 5, 0xffffffff}, "-1 5 4294967295"},
		{"%x %X %#x %o %#o", []uint32{255, 255, 255, 8, 8}, "ff FF 0xff 10 010"},
		{"[%5d] [%-5d] [%05d] [%+d] [% d]", []uint32{42, 42, 42, 42, 42}, "[   42] [42   ] [00042] [+42] [ 42]"},
		{"[%+u] [%+x] [% u]", []uint32{42, 42, 42}, "[42] [2a] [42]"},
		{"[%.3d] [%6.3d] [%8.4x]", []uint32{7, 7, 255}, "[007] [   007] [    00ff]"},
		{"%c%c", []uint32{'o', 'k'}, "ok"},
		{"%p", []uint32{0x1000}, "0x1000"},
		{"%hhd %hd %ld %zu %tx", []uint32{1, 2, 3, 4, 5}, "1 2 3 4 5"},
		{"100%% of %d", []uint32{3}, "100% of 3"},
		{`a\tb\nc\\d\"e\q`, nil, "a\tb\nc\\d\"e\\q"},
		{"missing %d %s.", nil, "missing 0 ."},
		{"%q %n %f %d", []uint32{1}, "%q %n %f 1"},
		{"%", nil, "%"},
		{"%5", nil, "%5"},
		{"%-", nil, "%-"},
		{"%*d", []uint32{1}, "%*d"},
		{"%9999d", []uint32{1}, "%9999d"},
		{"%llld", []uint32{1}, "%llld"},
	} {
		if got := c.format.Text(c.words); got != c.want {
			t.Errorf("%q of %v = %q, want %q", c.format, c.words, got, c.want)
		}
	}
	if got := len(Format("%999d%.999d").Text([]uint32{1, 1})); got != 2*maxWidth {
		t.Errorf("wide fields have %d bytes, want %d", got, 2*maxWidth)
	}
	ws := []uint32{
		binary.NativeEndian.Uint32([]byte("mode")),
		binary.NativeEndian.Uint32([]byte("m\x00\x00\x00")),
	}
	if got, want := Format("%d [%-8s] %d").Text(append([]uint32{1}, ws...)), "1 [modem   ] 0"; got != want {
		t.Errorf("%%s: %q, want %q", got, want)
	}
}

func TestFormatTextOfTwoWords(t *testing.T) {
	if got, want := Format("%lld %d").Text([]uint32{0xffffffff, 0xffffffff, 3}), "-1 3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Format("%jx").Text(nil), "0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzFormats(f *testing.F) {
	f.Add("14 0 packets %d\n# comment\n0xe 1 %-5.3llx%s\n", uint32(7))
	f.Add("x y z\n1\n\n 1 2 %", uint32(0))
	f.Fuzz(func(t *testing.T, file string, word uint32) {
		formats := Formats{}
		_ = formats.Read(strings.NewReader(file))
		for code, format := range formats {
			// Each directive has at least two bytes and is at most maxWidth wide.
			got := format.Text([]uint32{word, word, word})
			if len(got) > (len(format)+1)*maxWidth {
				t.Errorf("%q gives %d bytes", format, len(got))
			}
			if strings.Contains(got, "%!") && !strings.Contains(string(format), "!") {
				t.Errorf("%q gives %q", format, got)
			}
			again := Formats{}
			line := fmt.Sprintf("%d %d %s", code.Major(), code.Minor(), format)
			if err := again.Read(strings.NewReader(line)); err != nil && len(line) < maxFormatLine {
				t.Errorf("%q: %v", line, err)
			} else if err == nil && again[code] != format {
				t.Errorf("%q read again is %q", format, again[code])
			}
		}
	})
}
