package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/process"
)

// said gives remarks as the log shows them, severity and text.
func said(remarks []remark) (lines []string) {
	for _, r := range remarks {
		lines = append(lines, fmt.Sprintf("%d %s", r.severity, r.text))
	}
	return lines
}

func TestParseTCPIP(t *testing.T) {
	type options struct {
		Prefix                    string
		Random, Forward, Forward6 bool
		Somaxconn                 int64
		Log                       []string
	}
	idle := func(name string) string { return `6 tcpip: option "` + name + `" has no effect here` }
	for _, tt := range []struct {
		name string
		p    []module
		want options
	}{
		{"none", nil, options{}},
		{"no options", []module{{name: "tcpip"}}, options{}},
		{"a private stack", []module{{"tcpip", "stacksize=8192,prefix=/alt"}}, options{Prefix: "/alt", Log: []string{idle("stacksize")}}},
		{"by its file name", []module{{"/lib/dll/npm-tcpip.so", "random"}}, options{Random: true}},
		{"another protocol", []module{{"qnet", "prefix=/alt"}}, options{}},
		{"the last one counts", []module{{"tcpip", "prefix=/a"}, {"tcpip", "prefix=/b,prefix=/c"}}, options{Prefix: "/c"}},
		{"empty words", []module{{"tcpip", ",,random,"}}, options{Random: true}},
		{"equals signs", []module{{"tcpip", "prefix=/a=b,=c,d="}}, options{Prefix: "/a=b",
			Log: []string{`5 tcpip: unrecognized option: ""`, `5 tcpip: unrecognized option: "d"`}}},
		{"forwarding", []module{{"tcpip", "forward,forward6,fast=1"}}, options{Forward: true, Forward6: true,
			Log: []string{`5 tcpip: unrecognized option: "fast"`}}},
		{"the fast path", []module{{"tcpip", "fastforward"}}, options{Forward: true}},
		{"the fast path, by number", []module{{"tcpip", "fastforward=0x1"}}, options{Forward: true}},
		{"no fast path", []module{{"tcpip", "fastforward=0"}}, options{}},
		{"no fast path, but forwarding", []module{{"tcpip", "forward,fastforward=0"}}, options{Forward: true}},
		{"listen queues", []module{{"tcpip", "somaxconn=0x1000"}}, options{Somaxconn: 4096}},
		{"field", []module{{"tcpip", "stacksize=48000,mclbytes=4096"}, {"tcpip", "threads_max=300"}}, options{
			Log: []string{idle("stacksize"), idle("mclbytes"), idle("threads_max")}}},
		{"a large stack that is not", []module{{"tcpip", "bigstack=8192,stacksize=8192"}}, options{
			Log: []string{idle("bigstack"), idle("stacksize"), "5 tcpip: bigstack 8192 ignored: not above stacksize 8192"}}},
		{"a stack is never smaller", []module{{"tcpip", "stacksize=1,bigstack=4095"}}, options{
			Log: []string{idle("stacksize"), idle("bigstack"), "5 tcpip: bigstack 4095 ignored: not above stacksize 4096"}}},
		{"a guard page", []module{{"tcpip", "stackguard,stacksize=0x1001,bigstack"}}, options{
			Log: []string{idle("stackguard"), idle("stacksize"), idle("bigstack"), "5 tcpip: stacksize rounded up to 8192 for stackguard"}}},
		{"a page's size", []module{{"tcpip", "pagesize=131072,pagesize=5000,pagesize=0x2000000,pagesize=x"}}, options{
			Log: []string{idle("pagesize"),
				"5 tcpip: pagesize 5000 ignored: not a power of two from 4096 to 16777216", idle("pagesize"),
				"5 tcpip: pagesize 33554432 ignored: not a power of two from 4096 to 16777216", idle("pagesize"),
				"5 tcpip: pagesize 0 ignored: not a power of two from 4096 to 16777216", idle("pagesize")}}},
		{"the timer's tolerance", []module{{"tcpip", "timertol=1000,timertol=1001,timertol=-1"}}, options{
			Log: []string{idle("timertol"),
				"5 tcpip: timertol 1001 ignored: not 0 to 1000", idle("timertol"),
				"5 tcpip: timertol -1 ignored: not 0 to 1000", idle("timertol")}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parseTCPIP(tt.p)
			if diff := cmp.Diff(tt.want, options{got.prefix, got.random, got.forward, got.forward6, got.somaxconn, said(got.remarks)}); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// Every option of the table in QNX's documentation is known.
func TestTCPIPOptionsAreKnown(t *testing.T) {
	for name := range strings.FieldsSeq(`prefix forward forward6 fastforward ipsec pfil_ipsec nocryptodev random
		recv_ctxt reply_ctxt reuseport_unicast rx_prio rx_pulse_prio timer_pulse_prio somaxconn stacksize bigstack
		stackguard threads_min threads_max threads threads_incr cache mbuf_cache pkt_cache mtag_cache mclbytes
		pagesize bigpage_strict pkt_typed_mem confstr_monitor enmap timertol tickstop_min tickstop_max
		rgroup_allowed num_tap_interface num_tun_control_interface so_txprio_enable strict_ts gtimerlib
		mfib_enable mfib_gid_map altq min_fperms`) {
		for _, r := range parseTCPIP([]module{{"tcpip", name}}).remarks {
			if strings.Contains(r.text, "unrecognized") {
				t.Error(r.text)
			}
		}
	}
}

func TestApply(t *testing.T) {
	keys := []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding", "core/somaxconn"}
	before := []string{"0\n", "0\n", "128\n"}
	for _, tt := range []struct {
		name string
		t    tcpip
		v6   bool
		want string // the settings, in the order of keys
	}{
		{name: "nothing", want: "0 0 128"},
		{name: "forward", t: tcpip{forward: true}, want: "1 0 128"},
		{name: "forward6", t: tcpip{forward6: true}, v6: true, want: "0 1 128"},
		{name: "forward6 of a v4 stack", t: tcpip{forward6: true}, want: "0 0 128"},
		{name: "longer queues", t: tcpip{somaxconn: 4096}, want: "0 0 4096"},
		{name: "shorter queues", t: tcpip{somaxconn: 5}, want: "0 0 128"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proc := t.TempDir()
			for i, key := range keys {
				file := filepath.Join(proc, "net", key)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(before[i]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := tt.t.apply(proc, tt.v6); err != nil {
				t.Error(err)
			}
			var got []string
			for _, key := range keys {
				b, _ := os.ReadFile(filepath.Join(proc, "net", key))
				got = append(got, strings.TrimSpace(string(b)))
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	t.Run("no such setting", func(t *testing.T) {
		if err := (tcpip{forward: true, somaxconn: 1}).apply(t.TempDir(), false); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("error %v, want %v", err, fs.ErrNotExist)
		}
	})
}

func TestRemarks(t *testing.T) {
	idle := func(letter string) string { return "6 option -" + letter + " has no effect here" }
	for _, tt := range []struct {
		line string
		cpus int
		want []string
	}{
		{"x -d ecm -v -i1 -U 33:33", 4, nil},
		{"x -P 10 -t 2 -q1 -r2 -u3 -w4 -SI", 4, []string{idle("I"), idle("S"), idle("q"), idle("r"), idle("t"), idle("u"), idle("w")}},
		{"x -P 0x100", 4, []string{"3 option -P: invalid priority 0x100 ignored"}},
		{"x -P 0", 4, []string{"3 option -P: invalid priority 0 ignored"}},
		{"x -P high", 4, []string{"3 option -P: invalid priority high ignored"}},
		{"x -D", 4, []string{idle("D")}},
		{"x -D", 1, []string{"3 option -D ignored: there is only one thread"}},
		{"x -D -t -3", 4, []string{"3 option -D ignored: there is only one thread", idle("t")}},
	} {
		t.Run(tt.line, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, said(parseArgv(strings.Fields(tt.line)).remarks(tt.cpus))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestInstance(t *testing.T) {
	for word, want := range map[string]int{"0": 0, "1": 1, "0x10": 16, "65535": 65535, "one": -1, "": -1, "-1": -1, "65536": -1} {
		n, err := parseArgv([]string{"x", "-i", word}).instance()
		if err != nil {
			if got := err.Error(); got != "Invalid instance number: "+word {
				t.Errorf("-i %s: %s", word, got)
			}
			n = -1
		}
		if n != want {
			t.Errorf("-i %s: %d, want %d", word, n, want)
		}
	}
}

func TestPriority(t *testing.T) {
	for _, c := range []struct {
		line  string
		level int
		asked bool
	}{
		{"x", 21, false},
		{"x -P 15", 15, true},
		{"x -P0x1e", 30, true},
		{"x -P 255", 255, true},
		{"x -P 256", 21, false},
		{"x -P -1", 21, false},
		{"x -P low", 21, false},
	} {
		p, asked := parseArgv(strings.Fields(c.line)).priority()
		if want := (process.Priority{Level: c.level}); p != want || asked != c.asked {
			t.Errorf("%s: %v, asked %v, want %v, %v", c.line, p, asked, want, c.asked)
		}
	}
}
