package ecmdrv

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func defaults(change func(*options)) options {
	o := options{bus: -1, device: -1, match: match{class: 2, subClass: 6}, receive: 64,
		transmit: transmitTransfers(runtime.NumCPU()), bufSize: 2048, wait: time.Minute}
	if change != nil {
		change(&o)
	}
	return o
}

func TestTransmitTransfers(t *testing.T) {
	for processors, want := range map[int]int{1: 64, 2: 128, 64: 128} {
		if got := transmitTransfers(processors); got != want {
			t.Errorf("%d processors: %d transfers, want %d", processors, got, want)
		}
	}
}

func TestParseOptions(t *testing.T) {
	for _, tt := range []struct {
		name, word string
		want       options
	}{
		{"nothing", "", defaults(nil)},
		{"verbose", "verbose", defaults(func(o *options) { o.verbose = 1 })},
		{"verbose off", "verbose=0x0", defaults(nil)},
		{"verbose level", "verbose=4", defaults(func(o *options) { o.verbose = 4 })},
		{"launcher", "busnum=0x01,devnum=0x2,path=/dev/otg/io-usb-otg,ign_remove", defaults(func(o *options) {
			o.bus, o.device, o.path, o.ignRemove = 1, 2, "/dev/otg/io-usb-otg", true
		})},
		{"bus 0", "busnum=0,devnum=127", defaults(func(o *options) { o.bus, o.device = 0, 127 })},
		{"octal", "wait=010", defaults(func(o *options) { o.wait = 8 * time.Second })},
		{"no wait", "wait=0", defaults(func(o *options) { o.wait = 0 })},
		{"depths", "receive=1,transmit=1024", defaults(func(o *options) { o.receive, o.transmit = 1, 1024 })},
		{"buffer", "bufsz=65535", defaults(func(o *options) { o.bufSize = 65535 })},
		{"pnp", "pnp", defaults(func(o *options) { o.pnp = true })},
		{"pad", "pad", defaults(func(o *options) { o.pad = true })},
		{"last wins", "receive=8,receive=16", defaults(func(o *options) { o.receive = 16 })},
		{"mac", "mac=02aabbCCDDEE", defaults(func(o *options) { o.mac = net.HardwareAddr{2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee} })},
		{"path with equals sign", "path=a=b:c", defaults(func(o *options) { o.path = "a=b:c" })},
		{"unset variable", ",verbose,,", defaults(func(o *options) { o.verbose = 1 })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ecm.parse(tt.word)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got, cmp.AllowUnexported(options{}, match{})); d != "" {
				t.Errorf("parseOptions(%q): -want +got\n%s", tt.word, d)
			}
		})
	}
}

func TestParsePlusOptions(t *testing.T) {
	for _, tt := range []struct {
		name, word string
		want       func(o *options) // nil for an error
	}{
		{"nothing", "", func(*options) {}},
		{"hexadecimal", "classid=ff,subclassid=0x10", func(o *options) { o.match.class, o.match.subClass = 0xff, 0x10 }},
		{"upper case", "classid=0XFF,subclassid=0A", func(o *options) { o.match.class, o.match.subClass = 0xff, 0x0a }},
		{"interface", "intf=0x4", func(o *options) { o.match.first = 4 }},
		{"control transfers", "ctrlbufsz=2048,ctrlrxurb=64", func(o *options) { o.bufSize = 2048 }},
		{"of both", "busnum=0x1,devnum=0x2,pnp,verbose", func(o *options) { o.bus, o.device, o.pnp, o.verbose = 1, 2, true, 1 }},
		{"of the other", "bufsz=2048", nil},
		{"class too large", "classid=100", nil},
		{"no class", "classid=", nil},
		{"negative class", "classid=-1", nil},
		{"two prefixes", "classid=0x0xff", nil},
		{"interface too large", "intf=256", nil},
		{"no transfers", "ctrlrxurb=0", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ecmPlus.parse(tt.word)
			if tt.want == nil {
				if !errors.Is(err, syscall.EINVAL) {
					t.Errorf("parse(%q): got %v, want EINVAL", tt.word, err)
				}
				return
			}
			want := defaults(func(o *options) { o.bufSize = 1024; tt.want(o) })
			if d := cmp.Diff(want, got, cmp.AllowUnexported(options{}, match{})); err != nil || d != "" {
				t.Errorf("parse(%q): %v, -want +got\n%s", tt.word, err, d)
			}
		})
	}
}

func TestParseOptionsErrors(t *testing.T) {
	for _, tt := range []struct {
		word string
		want []string // all in the text
	}{
		{"speed=100", []string{`"speed"`}},
		{"classid=ff", []string{`unknown option "classid"`}}, // devnp-ecmplus has it, and those
		{"intf=4", []string{`unknown option "intf"`}},
		{"ctrlbufsz=1024", []string{`unknown option "ctrlbufsz"`}},
		{"Verbose", []string{`"Verbose"`}},
		{"=", []string{`""`}},
		{"busnum", []string{"busnum", "needs a value"}},
		{"path=", []string{"path", "needs a value"}},
		{"pnp=1", []string{"pnp", `"1"`}},
		{"ign_remove=", []string{"ign_remove", "takes no value"}},
		{"bufsz=0", []string{"bufsz", `"0"`, "1 to 65535"}},
		{"bufsz=65536", []string{"bufsz", `"65536"`, "1 to 65535"}},
		{"devnum=128", []string{"devnum", `"128"`, "1 to 127"}},
		{"busnum=-1", []string{"busnum", `"-1"`, "0 to 255"}},
		{"receive=0", []string{"receive", "1 to 1024"}},
		{"transmit=99999999999999999999", []string{"transmit", "1 to 1024"}},
		{"wait=1.5", []string{"wait", `"1.5"`}},
		{"wait=86401", []string{"wait", "0 to 86400"}},
		{"verbose=", []string{"verbose", "0 to 255"}},
		{"mac=02:aa:bb:cc:dd:ee", []string{"mac", "12 hexadecimal digits"}},
		{"mac=010000000000", []string{"mac", "01:00:00:00:00:00"}},
		{"verbose,receive=64k", []string{"receive", `"64k"`}},
	} {
		t.Run(tt.word, func(t *testing.T) {
			_, err := ecm.parse(tt.word)
			if !errors.Is(err, syscall.EINVAL) {
				t.Fatalf("parseOptions(%q): got %v, want EINVAL", tt.word, err)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("parseOptions(%q): %q does not have %q", tt.word, err, w)
				}
			}
		})
	}
}

func FuzzParseOptions(f *testing.F) {
	f.Add("busnum=0x01,devnum=2,verbose,ign_remove,pnp")
	f.Add("path=/dev/io-usb/io-usb,wait=60,receive=64,transmit=64,bufsz=2048")
	f.Add("mac=020000000001,verbose=3")
	f.Add("classid=ff,subclassid=ff,intf=4,ctrlbufsz=1024,ctrlrxurb=64")
	f.Fuzz(func(t *testing.T, word string) {
		for _, v := range []*variant{&ecm, &ecmPlus} {
			o, err := v.parse(word)
			if err != nil {
				if !errors.Is(err, syscall.EINVAL) || len(err.Error()) > 4*len(word)+200 {
					t.Fatalf("%s: parse(%q): %v", v.name, word, err)
				}
				continue
			}
			inRange := func(n, low, high int) bool { return low <= n && n <= high }
			if !inRange(o.receive, 1, 1024) || !inRange(o.transmit, 1, 1024) || !inRange(o.bufSize, 1, 65535) ||
				!inRange(o.bus, -1, 255) || !inRange(o.device, -1, 127) || o.device == 0 ||
				o.wait < 0 || o.wait > 24*time.Hour || o.mac != nil && (len(o.mac) != 6 || o.mac[0]&1 != 0) ||
				v == &ecm && o.match != ethernetControl {
				t.Fatalf("%s: parse(%q) = %+v", v.name, word, o)
			}
		}
	})
}
