package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		words string // between single blanks; "''" is an empty one
		want  line
		err   string
	}{
		// The spellings that scripts and launchers use.
		{words: "-T io-pkt devnp-ecm.so", want: line{ours: true, kind: "io-pkt", driver: "devnp-ecm.so"}},
		{words: "-Tio-pkt /lib/dll/devnp-ecm.so", want: line{ours: true, kind: "io-pkt", driver: "/lib/dll/devnp-ecm.so"}},
		{words: "-T io-pkt -o pnp /lib/dll/devnp-ncm.so", want: line{ours: true, kind: "io-pkt", options: "pnp", driver: "/lib/dll/devnp-ncm.so"}},
		{words: "-T io-pkt -obusnum=1,devnum=3,lan=5 devn-asix.so", want: line{ours: true, kind: "io-pkt", options: "busnum=1,devnum=3,lan=5", driver: "devn-asix.so"}},
		{words: "-Tio-pkt1 -oname=en,lan=0 devnp-usbdnet.so", want: line{ours: true, kind: "io-pkt1", options: "name=en,lan=0", driver: "devnp-usbdnet.so"}},
		{words: "-T io-pkt -o busnum=0x01,devnum=0x2,path=/dev/otg/io-usb-otg,ign_remove /fs/mp/lib/dll/devnp-asix.so",
			want: line{ours: true, kind: "io-pkt", options: "busnum=0x01,devnum=0x2,path=/dev/otg/io-usb-otg,ign_remove", driver: "/fs/mp/lib/dll/devnp-asix.so"}},
		{words: "-T io-pkt -oname=en,lan=0,wait=60,ign_remove /lib/dll/devnp-asix.so /dev/io-net/en0",
			want: line{ours: true, kind: "io-pkt", options: "name=en,lan=0,wait=60,ign_remove", driver: "/lib/dll/devnp-asix.so", point: "/dev/io-net/en0"}},
		{words: "-T io-pkt /lib/dll/lsm-qnet.so", want: line{ours: true, kind: "io-pkt", driver: "/lib/dll/lsm-qnet.so"}},

		// The grammar.
		{words: "-o a -T io-pkt -ob,c -vwr -o d x", want: line{ours: true, kind: "io-pkt", options: "a,b,c,d", verbose: true, driver: "x"}},
		{words: "-vTio-pkt x", want: line{ours: true, kind: "io-pkt", verbose: true, driver: "x"}},
		{words: "-T io-pkt -o ro,rw,noexec,exec,nosuid,suid,nocreat,creat,noatime,atime,remount x", want: line{ours: true, kind: "io-pkt", driver: "x"}},
		{words: "-T io-pkt -o update,before,after,opaque,nostat,enum,enumerate,implied,a,,ro=1 x", want: line{ours: true, kind: "io-pkt", options: "a,ro=1", driver: "x"}},
		{words: "-t io-pkt x", want: line{ours: true, kind: "io-pkt", file: true, driver: "x"}},
		{words: "-t ext4 -T io-pkt x", want: line{ours: true, kind: "io-pkt", driver: "x"}},
		{words: "-T io-pkt -- -x", want: line{ours: true, kind: "io-pkt", driver: "-x"}},
		{words: "-T io-pkt", want: line{ours: true, kind: "io-pkt"}, err: "no driver named"},
		{words: "-T io-pkt -o x.so", want: line{ours: true, kind: "io-pkt", options: "x.so"}, err: "no driver named"},
		{words: "-T io-pkt a b c", want: line{ours: true, kind: "io-pkt"}, err: "too many operands"},
		{words: "-T io-pkt -z x", want: line{ours: true, kind: "io-pkt"}, err: "unknown option -- z"},
		{words: "-T io-pkt -o", want: line{ours: true, kind: "io-pkt"}, err: "option requires an argument -- o"},

		// The system's own.
		{words: "", err: "no driver named"},
		{words: "-t ext4 /dev/sda1 /mnt", want: line{kind: "ext4", file: true, driver: "/dev/sda1", point: "/mnt"}},
		{words: "-T /etc/fstab2 -a", want: line{kind: "/etc/fstab2"}, err: "no driver named"},
		{words: "--bind /a /b", err: "unknown option -- -"},
		{words: "-o ro /dev/sda1 /mnt", want: line{driver: "/dev/sda1", point: "/mnt"}},
		{words: "/dev/sda1 /mnt -T io-pkt", err: "too many operands"},
	} {
		t.Run(c.words, func(t *testing.T) {
			if c.want.point == "" {
				c.want.point = "/"
			}
			got, err := parse(strings.Fields(c.words))
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(line{})); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			text := ""
			if err != nil {
				text = err.Error()
			}
			if text != c.err {
				t.Errorf("error %q, want %q", text, c.err)
			}
		})
	}
}

// What is understood can be written in one way, and means the same then.
func FuzzParse(f *testing.F) {
	f.Add("-Tio-pkt1\n-oro,pnp\nx.so\n/dev/io-net/en0")
	f.Add("-v\n-t\nio-pkt\n-o\na,,b\n--\n-x")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := parse(strings.Split(s, "\n"))
		if err != nil || !l.ours {
			return
		}
		words := []string{"-T", l.kind}
		if l.file {
			words[0] = "-t"
		}
		if l.verbose {
			words = append(words, "-v")
		}
		words = append(words, "-o", l.options, "--", l.driver, l.point)
		again, err := parse(words)
		if err != nil || again != l {
			t.Errorf("%q gives %+v, written as %q it gives %+v, %v", s, l, words, again, err)
		}
		if slices.ContainsFunc(generic, func(g string) bool { return strings.Contains(","+l.options+",", ","+g+",") }) {
			t.Errorf("%q for the driver", l.options)
		}
	})
}

func TestInstance(t *testing.T) {
	for kind, want := range map[string]int{
		"io-pkt": 0, "io-pkt0": 0, "io-pkt1": 1, "io-pkt12": 12, "io-pkt-v4": -1, "io-pkt1x": -1, "io-pkt70000": -1, "io-pkt+1": -1,
	} {
		got, err := instance(kind)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
	}
}
