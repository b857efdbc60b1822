package vm

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whole buildfiles, as they stand, bring up the gadget; the console is the same as
// on the simulator.
func TestBuildfiles(t *testing.T) {
	boards := []string{"imx6", "beaglebone", "vm"}
	testdata := "../../cmd/buildfile/testdata"
	g := newGuest(t)
	g.commands(map[string][]string{
		"buildfile": nil, "ifconfig": nil, "if_up": nil, "io-pkt": {"io-pkt-v4-hc", "io-pkt-v6-hc"},
		"io-usb": {"io-usb-otg"}, "mount": nil, "on": nil, "random": {"pipe", "devc-pty"},
		"slay": nil, "sloginfo": nil, "slogger": {"slogger2"}, "waitfor": nil,
	})
	for _, b := range boards {
		text, err := os.ReadFile(filepath.Join(testdata, b+".build"))
		if err == nil {
			err = os.WriteFile(filepath.Join(g.dir, b+".build"), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Log(g.run("buildfile.sh", boards...))
	for _, b := range boards {
		got, err := os.ReadFile(filepath.Join(g.dir, b+".console"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(testdata, b+".console"))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s (-want +got)\n%s", b, d)
		}
	}
}
