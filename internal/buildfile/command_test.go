package buildfile

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// host is the environment that the tests have.
func host(name string) (string, bool) {
	value, ok := map[string]string{"HOST": "desk", "A": "host"}[name]
	return value, ok
}

func program(t *testing.T, text string) ([]Command, error) {
	t.Helper()
	f, err := Parse("x.build", text)
	if err != nil {
		t.Fatal(err)
	}
	return f.Program(Source{Lookup: host, Read: func(name string) (string, error) {
		if name == "start.txt" {
			return "from $HOST\n}", nil
		}
		return "", fs.ErrNotExist
	}})
}

func TestProgram(t *testing.T) {
	args := func(s string) []string { return strings.Fields(s) }
	for _, c := range []struct {
		name, text string
		want       []Command
	}{
		{"several scripts", "[+script] a = { one }\nx = { not }\n[+script] b = { two & }", []Command{
			{Args: args("one")}, {Args: args("two"), Background: true}}},
		{"the bootstrap is first", "[+script] a = { one }\n[virtual=x,y] boot = { startup -v\n[+keeplinked] A=1 [x=y] procnto }", []Command{
			{Args: args("startup -v"), Bootstrap: true}, {Args: args("procnto"), Set: []Setting{{"A", "1"}}, Bootstrap: true}, {Args: args("one")}}},
		{"variables", "[+script] a = { $A $HOST x${NONE}y\nA=1 B=$A\necho $A $B\nA=2 echo $A\necho \"$A\" $NONE z }", []Command{
			{Args: args("host desk xy")},
			{Set: []Setting{{"A", "1"}, {"B", "host"}}},
			{Args: args("echo 1 host")},
			{Args: args("echo 1"), Set: []Setting{{"A", "2"}}},
			{Args: args("echo $A z")}}},
		{"modifiers", "[+script] a = { [pri=10r] one\ntwo\n[+session cpu=1]\nthree\n[-session cpu=* argv0=x sched_aps=y +debug] four\nfive }", []Command{
			{Args: args("one"), Modifiers: Modifiers{Priority: "10r"}},
			{Args: args("two")},
			{Modifiers: Modifiers{Session: true, CPU: "1"}},
			{Args: args("three"), Modifiers: Modifiers{Session: true, CPU: "1"}},
			{Args: args("four"), Modifiers: Modifiers{Name: "x", Partition: "y", Debug: true}},
			{Args: args("five"), Modifiers: Modifiers{Session: true, CPU: "1"}}}},
		{"external", "[+script] a = { [+external] waitfor a b c d\n}", []Command{
			{Args: args("waitfor a b c d"), Modifiers: Modifiers{External: true}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := program(t, c.text)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].File, got[i].Text = "", ""
			}
			if d := cmp.Diff(c.want, got, same); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestProgramErrors(t *testing.T) {
	for text, want := range map[string]string{
		"[+script] a = {\n waitfor\n}":              "x.build:2:2: waitfor wants more words",
		"[+script] a = {\n waitfor a 1 2\n}":        "x.build:2:2: waitfor does not take so many words",
		"[+script] a = { procmgr_symlink a }":       "x.build:1:17: procmgr_symlink wants more words",
		"[+script] a = { procmgr_symlink a b c }":   "x.build:1:17: procmgr_symlink does not take so many words",
		"[+script] a = { [+nothing] b }":            "x.build:1:17: unknown modifier nothing",
		"[+script] a = { [nothing=1] b }":           "x.build:1:17: unknown modifier nothing",
		"[+script] a = { $NONE $NONE }":             "x.build:1:17: no command is left, as variables are not set",
		"[+script] a = none.txt":                    "x.build:1:1: file does not exist",
		"[+script] a = start.txt":                   "start.txt:2:1: } that ends nothing; in a file it is written \\}",
		"[+script]\n[+optional] a = none.txt\n[-s]": "x.build:2:1: file does not exist",
	} {
		_, err := program(t, text)
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	f, _ := Parse("x", "[+script] a = b")
	if _, err := f.Program(Source{}); !errors.As(err, new(*Error)) {
		t.Errorf("a script in another file: %v", err)
	}
}

func TestInternal(t *testing.T) {
	for name, want := range map[string]bool{"display_msg": true, "waitfor": true, "reopen": true, "sched_aps": true,
		"procmgr_symlink": true, "/bin/waitfor": false, "io-pkt": false} {
		if got := (Command{Args: []string{name}}).Internal(); got != want {
			t.Errorf("%s: %v", name, got)
		}
		if (Command{Args: []string{name}, Modifiers: Modifiers{External: true}}).Internal() {
			t.Errorf("[+external] %s", name)
		}
	}
}
