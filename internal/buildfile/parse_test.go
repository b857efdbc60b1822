package buildfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// same compares what files say, not where.
var same = cmp.Options{cmpopts.IgnoreTypes(Pos{}), cmpopts.EquateEmpty()}

func TestParse(t *testing.T) {
	text := func(s string) Word { return Word{{Text: s}} }
	for _, c := range []struct {
		name, text string
		want       []Entry
	}{
		{"empty", "\n  # nothing\n", nil},
		{"host file", "/bin/io-pkt  # a comment", []Entry{{Host: text("/bin/io-pkt")}}},
		{"target", "a=b\n/c = \"d e\"\n", []Entry{{Target: text("a"), Host: text("b")}, {Target: text("/c"), Host: text("d e")}}},
		{"variable", "${ROOT}/x=$Y", []Entry{{Target: Word{{"ROOT", true}, {"/x", false}}, Host: Word{{"Y", true}}}}},
		{"attributes", "[?+optional perms=0755\n -x] [y=] f", []Entry{{Attributes: []Attribute{
			{Once: true, Sign: '+', Name: "optional"}, {Name: "perms", Value: text("0755")}, {Sign: '-', Name: "x"}, {Name: "y"},
		}, Host: text("f")}}},
		{"default attributes", "[search=a:b]\nf", []Entry{{Attributes: []Attribute{{Name: "search", Value: text("a:b")}}}, {Host: text("f")}}},
		{"inline file", "f={\nif [ $X ]; then f() { :; \\}\n\\\\n \\n\n}\n", []Entry{
			{Target: text("f"), Inline: true, Text: "if [ $X ]; then f() { :; }\n\\n \\n\n"}}},
		{"inline file on a line", "f = { x\\}}", []Entry{{Target: text("f"), Inline: true, Text: " x}"}}},
		{"script", "[+script] s = {}", []Entry{{Attributes: []Attribute{{Sign: '+', Name: "script"}}, Target: text("s"), Inline: true, Script: &Script{}}}},
		{"bootstrap", "[virtual=x86_64,bios] .bootstrap = { procnto -v }", []Entry{{
			Attributes: []Attribute{{Name: "virtual", Value: text("x86_64,bios")}}, Target: text(".bootstrap"), Inline: true,
			Script: &Script{Bootstrap: true, Lines: []Line{{Words: []Word{text("procnto"), text("-v")}}}}}}},
		{"scripts by default", "[+script]\na={x\n}\n[-script] b={y}\n[-script]\nc={z}\n", []Entry{
			{Attributes: []Attribute{{Sign: '+', Name: "script"}}},
			{Target: text("a"), Inline: true, Script: &Script{Lines: []Line{{Words: []Word{text("x")}}}}},
			{Attributes: []Attribute{{Sign: '-', Name: "script"}}, Target: text("b"), Inline: true, Text: "y"},
			{Attributes: []Attribute{{Sign: '-', Name: "script"}}},
			{Target: text("c"), Inline: true, Text: "z"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse("x.build", c.text)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, f.Entries, same); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestParseLine(t *testing.T) {
	word := func(s string) Word { return Word{{Text: s}} }
	words := func(s string) (w []Word) {
		for f := range strings.FieldsSeq(s) {
			w = append(w, word(f))
		}
		return w
	}
	for _, c := range []struct {
		text string
		want Line
	}{
		{"display_msg Starting  USB... (host)", Line{Words: words("display_msg Starting USB... (host)")}},
		{`display_msg "a  b" c#d # e`, Line{Words: []Word{word("display_msg"), word("a  b"), word("c#d")}}},
		{`display_msg \"\\\$\}\x`, Line{Words: []Word{word("display_msg"), word(`"\$}\x`)}}},
		{`display_msg "$A ${B}\"\\"`, Line{Words: []Word{word("display_msg"), word(`$A ${B}"\`)}}},
		{`display_msg a"b"'c d' ""`, Line{Words: []Word{word("display_msg"), word("ab'c"), word("d'"), {}}}},
		{"io-usb -d ehci \\\n -n /dev/x", Line{Words: words("io-usb -d ehci -n /dev/x")}},
		{"slogger &", Line{Words: words("slogger"), Background: true}},
		{"slogger &# x", Line{Words: append(words("slogger"), word("&#"), word("x"))}},
		{"slogger & # x", Line{Words: words("slogger"), Background: true}},
		{`slogger "&"`, Line{Words: words("slogger &")}},
		{"a & b", Line{Words: words("a & b")}},
		{"a b&", Line{Words: words("a b&")}},
		{"PATH=/proc/boot:/bin", Line{Variables: []Variable{{"PATH", word("/proc/boot:/bin")}}}},
		{"A= B=\"x y\"z c D=1", Line{Variables: []Variable{{"A", Word{}}, {"B", word("x yz")}}, Words: words("c D=1")}},
		{`"A=1" b`, Line{Words: words("A=1 b")}},
		{"SOCK=/alt mount -Tio-pkt1 x.so", Line{Variables: []Variable{{"SOCK", word("/alt")}}, Words: words("mount -Tio-pkt1 x.so")}},
		{"[pri=10r] [+session] A=1 ksh &", Line{Modifiers: []Attribute{{Name: "pri", Value: word("10r")}, {Sign: '+', Name: "session"}},
			Variables: []Variable{{"A", word("1")}}, Words: words("ksh"), Background: true}},
		{"[+external]", Line{Modifiers: []Attribute{{Sign: '+', Name: "external"}}}},
		{"echo $A/${B_1}$ $", Line{Words: []Word{word("echo"), {{"A", true}, {"/", false}, {"B_1", true}, {"$", false}}, word("$")}}},
		{"echo [x] {", Line{Words: words("echo [x] {")}},
		{"a\r", Line{Words: words("a")}},
	} {
		t.Run(c.text, func(t *testing.T) {
			s, err := ParseScript("x", c.text)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]Line{c.want}, s.Lines, same); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a\n  [+script":             "x.build:2:3: [ without its ]",
		"[perms] a":                 "x.build:1:2: attribute perms wants + or - in front, or = and a value",
		"[+script=1] a":             "x.build:1:2: attribute script has no value",
		"[=1] a":                    "x.build:1:2: an attribute without a name",
		"a = ":                      "x.build:1:1: a file without a name",
		"= b":                       "x.build:1:1: a file without a name",
		"a b":                       "x.build:1:3: unexpected text behind a file",
		"a = { x } }":               "x.build:1:11: } that ends nothing; in a file it is written \\}",
		"a = {\nx\n":                "x.build:1:5: { without its }",
		"[+script] a={\nx \"y\n}":   "x.build:2:3: \" without its end",
		"[+script] a={\nx ${y\n}":   "x.build:2:3: ${ wants a name and }",
		"[+script] a={\n\n &\n}":    "x.build:3:2: & without a command",
		"[+script] a={x":            "x.build:1:13: { without its }",
		"[+script] a={ \x00 }":      "x.build:1:15: a zero byte",
		"[+script] a={\n}\n}\nb":    "x.build:3:1: } that ends nothing; in a file it is written \\}",
		"[+script] a = { echo \\\n": "x.build:1:15: { without its }",
	} {
		_, err := Parse("x.build", text)
		if e := (*Error)(nil); !errors.As(err, &e) || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// Long words, lines and files take no longer than they are long.
func TestParseLong(t *testing.T) {
	const n = 1 << 18
	for name, text := range map[string]string{
		"word": "[+script] a = { " + strings.Repeat("x", n) + " }", "escapes": "[+script] a = { " + strings.Repeat(`\$`, n) + " }",
		"quotes": "[+script] a = { \"" + strings.Repeat("x ", n) + "\" }", "words": "[+script] a = { " + strings.Repeat("x ", n) + " }",
		"lines": "[+script] a = {" + strings.Repeat("x\n", n) + "}", "ampersands": "[+script] a = {" + strings.Repeat("& ", n/64) + "}",
	} {
		if _, err := Parse("x", text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParse: what is printed says the same, and is printed the same.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.build", "../../cmd/buildfile/testdata/*.build"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Add("[+script] s = { [pri=1] A=\"b c\" d \"&\" \"e=\" $f \\} & }\n")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := Parse("x", text)
		if err != nil {
			return
		}
		printed := first.Print()
		second, err := Parse("x", printed)
		if err != nil {
			t.Fatalf("%v in\n%s", err, printed)
		}
		if !cmp.Equal(first, second, same) { // much faster than Diff
			t.Fatalf("of\n%s\n%s", printed, cmp.Diff(first, second, same))
		}
		if again := second.Print(); again != printed {
			t.Fatalf("printed\n%s\nthen\n%s", printed, again)
		}
		_, _ = first.Program(Source{})
	})
}
