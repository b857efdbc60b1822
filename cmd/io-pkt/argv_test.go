package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flat is what the tests compare: modules as "name options".
type flat struct {
	Drivers, Protocols, Values, Flags, Complaints []string
}

func flatten(a arguments) flat {
	var f flat
	f.Drivers, f.Protocols = names(a.drivers), names(a.protocols)
	for i := range len(letters) {
		if v, ok := a.values[letters[i]]; ok {
			f.Values = append(f.Values, letters[i:i+1]+" "+v)
		}
		if a.flags[letters[i]] {
			f.Flags = append(f.Flags, letters[i:i+1])
		}
	}
	f.Complaints = a.complaints
	return f
}

func names(ms []module) (names []string) {
	for _, m := range ms {
		names = append(names, m.name+" "+m.options)
	}
	return names
}

func TestParseArgv(t *testing.T) {
	for _, tt := range []struct {
		line string // words between single blanks; "''" is an empty one
		want flat
	}{
		// The workflow, and lines from public scripts and buildfiles.
		{"io-pkt-v4-hc -d ecm verbose -ptcpip", flat{Drivers: []string{"ecm verbose"}, Protocols: []string{"tcpip "}}},
		{"io-pkt-v4-hc -d asix did=0x772D,vid=0x0B95", flat{Drivers: []string{"asix did=0x772D,vid=0x0B95"}}},
		{"io-pkt-v4-hc -d asix speed=100,duplex=1,verbose", flat{Drivers: []string{"asix speed=100,duplex=1,verbose"}}},
		{"io-pkt-v6-hc -d cpsw9g verbose=0x0", flat{Drivers: []string{"cpsw9g verbose=0x0"}}},
		{"io-pkt-v4 -dklsi", flat{Drivers: []string{"klsi "}}},
		{"io-pkt-v4 -dne2000 -ptcpip", flat{Drivers: []string{"ne2000 "}, Protocols: []string{"tcpip "}}},
		{"io-pkt-v4-hc -dxzynq-ultrascale mac=000A350373B1", flat{Drivers: []string{"xzynq-ultrascale mac=000A350373B1"}}},
		{"io-pkt-v6-hc -U 33:33 -d e1000 -ptcpip threads_max=300", flat{
			Drivers: []string{"e1000 "}, Protocols: []string{"tcpip threads_max=300"}, Values: []string{"U 33:33"}}},
		{"io-pkt-v4 -ptcpip stacksize=8192", flat{Protocols: []string{"tcpip stacksize=8192"}}},
		{"io-pkt-v4 -S -ptcpip stacksize=8192,enmap=0", flat{Protocols: []string{"tcpip stacksize=8192,enmap=0"}, Flags: []string{"S"}}},
		{"io-pkt-v6-hc -i1 -ptcpip stacksize=8192,prefix=/alt", flat{
			Protocols: []string{"tcpip stacksize=8192,prefix=/alt"}, Values: []string{"i 1"}}},
		{"io-pkt-v6-hc -d e1000 name=eth", flat{Drivers: []string{"e1000 name=eth"}}},
		{"io-pkt-v4", flat{}},
		{"io-pkt-v6-hc -v -p tcpip a=1,b=2 -ppf-v6 -dvdevpeer peer=/dev/x,bind=a:b -dvdevpeer peer=/dev/y -U 37:37,21", flat{
			Drivers:   []string{"vdevpeer peer=/dev/x,bind=a:b", "vdevpeer peer=/dev/y"},
			Protocols: []string{"tcpip a=1,b=2", "pf-v6 "}, Values: []string{"U 37:37,21"}, Flags: []string{"v"}}},
		{"io-pkt-v4-hc -d /lib/dll/devnp-ecm.so busnum=0x01,devnum=0x2,pnp", flat{
			Drivers: []string{"/lib/dll/devnp-ecm.so busnum=0x01,devnum=0x2,pnp"}}},

		// The grammar's corners.
		{"x -vSd ecm a -DI", flat{Drivers: []string{"ecm a"}, Flags: []string{"v", "S", "D", "I"}}},
		{"x -vdecm verbose", flat{Drivers: []string{"ecm verbose"}, Flags: []string{"v"}}},
		{"x -d -v -v", flat{Drivers: []string{"-v "}, Flags: []string{"v"}}}, // the value is the next word, whatever it is
		{"x -d ecm '' verbose", flat{Drivers: []string{"ecm "}}},
		{"x -d ecm - a", flat{Drivers: []string{"ecm "}}},
		{"x a b -v c", flat{Flags: []string{"v"}}},
		{"x -- -v", flat{Flags: []string{"v"}}},
		{"x -t 2 -t4", flat{Values: []string{"t 4"}}},
		{"x -P10 -q 1 -r2 -u 3 -w4", flat{Values: []string{"P 10", "q 1", "r 2", "u 3", "w 4"}}},
		{"x -zv", flat{Flags: []string{"v"}, Complaints: []string{"x: unknown option -- z"}}},
		{"x -:", flat{Complaints: []string{"x: unknown option -- :"}}},
		{"/opt/bin/x -v -d", flat{Flags: []string{"v"}, Complaints: []string{"x: option requires an argument -- d"}}},
	} {
		t.Run(tt.line, func(t *testing.T) {
			words := strings.Split(tt.line, " ")
			for i, w := range words {
				words[i] = strings.Trim(w, "'")
			}
			if diff := cmp.Diff(tt.want, flatten(parseArgv(words))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestParseArgvEmpty(t *testing.T) {
	if diff := cmp.Diff(flat{}, flatten(parseArgv(nil))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// spell writes a command line that means the same.
func spell(a arguments) []string {
	words := []string{a.program}
	modules := func(letter string, ms []module) {
		for _, m := range ms {
			if words = append(words, letter, m.name); m.options != "" {
				words = append(words, m.options)
			}
		}
	}
	modules("-d", a.drivers)
	modules("-p", a.protocols)
	for letter, v := range a.values {
		words = append(words, "-"+string(letter), v)
	}
	for letter := range a.flags {
		words = append(words, "-"+string(letter))
	}
	return words
}

// Whatever is typed: no word is used twice or made up, and each is either a
// name, a value, an options word, or skipped. What is understood can be written in
// one way, and means the same then.
func FuzzParseArgv(f *testing.F) {
	for _, s := range []string{
		"io-pkt-v4-hc\n-d\necm\nverbose\n-ptcpip", "x\n-vSdecm\na\n-DI", "x\n-d", "x\n--\n-\n-:\n-é", "x\n-zzz\n-i\n-p", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		words := strings.Split(s, "\n")
		a := parseArgv(words)
		parseTCPIP(a.protocols)
		left := len(strings.Join(words[1:], ""))
		for _, m := range slices.Concat(a.drivers, a.protocols) {
			if strings.HasPrefix(m.options, "-") {
				t.Errorf("options word %q", m.options)
			}
			left -= 1 + len(m.name) + len(m.options)
		}
		for letter, v := range a.values {
			if !strings.Contains(letters, string(letter)+":") {
				t.Errorf("-%c takes no value", letter)
			}
			left -= 1 + len(v)
		}
		for letter := range a.flags {
			if !strings.ContainsRune("vSDI", rune(letter)) {
				t.Errorf("-%c is no flag", letter)
			}
			left--
		}
		if left -= len(a.complaints); left < 0 {
			t.Errorf("%q gives more than it holds: %+v", words, a)
		}
		again := parseArgv(spell(a))
		a.complaints = nil
		if d := cmp.Diff(flatten(a), flatten(again)); d != "" {
			t.Errorf("%q, written as %q, -first +again\n%s", words, spell(a), d)
		}
	})
}
