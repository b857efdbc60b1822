package stack

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

func TestModuleName(t *testing.T) {
	for _, tt := range []struct{ word, file, driver string }{
		{"ecm", "devnp-ecm.so", "ecm"},
		{"ecmplus", "devnp-ecmplus.so", "ecmplus"},
		{"devnp-ecm.so", "devnp-ecm.so", "ecm"},
		{"devn-ecm.so", "devn-ecm.so", "ecm"},
		{"/lib/dll/devnp-ecm.so", "/lib/dll/devnp-ecm.so", "ecm"},
		{"/lib64/libdevnp-emac-eth.so", "/lib64/libdevnp-emac-eth.so", "emac-eth"},
		{"/ecm", "/ecm", ""},
		{"/lib/dll/lsm-qnet.so", "/lib/dll/lsm-qnet.so", ""},
		{"devnp-ecm", "devnp-devnp-ecm.so", "devnp-ecm"},
		{"", "devnp-.so", ""},
	} {
		if got := moduleName(tt.word); got != tt.file {
			t.Errorf("moduleName(%q): got %q, want %q", tt.word, got, tt.file)
		}
		if got := driverName(moduleName(tt.word)); got != tt.driver {
			t.Errorf("driverName of %q: got %q, want %q", tt.word, got, tt.driver)
		}
	}
}

func TestTakeNumbering(t *testing.T) {
	for _, tt := range []struct {
		options string
		want    numbering
		rest    string
		err     error
	}{
		{"", numbering{unit: -1}, "", nil},
		{"busnum=0x01,devnum=0x2", numbering{unit: -1}, "busnum=0x01,devnum=0x2", nil},
		{"name=en,lan=0,busnum=1,path=/dev/otg", numbering{"en", 0, true}, "busnum=1,path=/dev/otg", nil},
		{"lan=0x10", numbering{"", 16, true}, "", nil},
		{"unit=010", numbering{"", 8, true}, "", nil},
		{"unit=-1,verbose", numbering{"", -1, true}, "verbose", nil},
		{"lan=1,unit=2", numbering{"", 2, true}, "", nil},
		{"a,,b", numbering{unit: -1}, "a,,b", nil},
		{"names=x,lanes=2", numbering{unit: -1}, "names=x,lanes=2", nil},
		{"lan", numbering{}, "", syscall.EINVAL},
		{"lan=1x", numbering{}, "", syscall.EINVAL},
		{"lan=99999999999", numbering{}, "", syscall.EINVAL},
	} {
		t.Run(tt.options, func(t *testing.T) {
			got, rest, err := takeNumbering(tt.options)
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if err == nil && (got != tt.want || rest != tt.rest) {
				t.Errorf("got %+v, %q, want %+v, %q", got, rest, tt.want, tt.rest)
			}
		})
	}
}

// The driver never sees the stack's words, and gets all others as they are.
func FuzzTakeNumbering(f *testing.F) {
	for _, s := range []string{"", "name=en,lan=0,busnum=1", "unit=-1,verbose", "a,,b=,=c", "lan=0x10,lan"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, options string) {
		n, rest, err := takeNumbering(options)
		if err != nil {
			return
		}
		var kept []string
		for w := range strings.SplitSeq(options, ",") {
			if key, _, _ := strings.Cut(w, "="); key != "name" && key != "unit" && key != "lan" {
				kept = append(kept, w)
			} else if key != "name" && !n.single {
				t.Errorf("%q: a number, but not for a single device", options)
			}
		}
		if want := strings.Join(kept, ","); rest != want {
			t.Errorf("%q: got rest %q, want %q", options, rest, want)
		}
	})
}
