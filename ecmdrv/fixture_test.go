package ecmdrv

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"io-pkt/usb"
)

// A fixture is the descriptors of a device, from a file of the simulator's
// collection: "device HEX", "config INDEX HEX" and "string INDEX TEXT".
type fixture struct {
	device  []byte
	configs [][]byte
	strings map[uint8]string
}

const fixtureDir = "../usb/sim/testdata/descriptors"

// fixtures reads the collection, by file name without ".hex".
func fixtures(t testing.TB) map[string]fixture {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(fixtureDir, "*.hex"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no descriptors in %s: %v", fixtureDir, err)
	}
	all := map[string]fixture{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".hex")] = parseFixture(t, b)
	}
	return all
}

func parseFixture(t testing.TB, b []byte) fixture {
	t.Helper()
	f := fixture{strings: map[uint8]string{}}
	decode := func(s string) []byte {
		raw, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		word := strings.SplitN(lines.Text(), " ", 3)
		switch word[0] {
		case "device":
			f.device = decode(word[1])
		case "config":
			f.configs = append(f.configs, decode(word[2]))
		case "string":
			i, err := strconv.ParseUint(word[1], 10, 8)
			if err != nil {
				t.Fatal(err)
			}
			f.strings[uint8(i)] = word[2]
		}
	}
	return f
}

// find runs findFunctions over raw bytes, as attaching does.
func (f fixture) find(t testing.TB, m match) ([]function, []string) {
	t.Helper()
	d, err := usb.ParseDevice(f.device)
	if err != nil {
		t.Fatal(err)
	}
	return findFunctions(d, parseConfigs(f.configs), m)
}

func parseConfigs(raw [][]byte) []*usb.Config {
	var list []*usb.Config
	for _, b := range raw {
		if c, err := usb.ParseConfig(b); err == nil {
			list = append(list, c)
		}
	}
	return list
}

// with gives a copy with one configuration replaced.
func (f fixture) with(index int, b []byte) fixture {
	g := fixture{device: f.device, strings: maps.Clone(f.strings)}
	g.configs = append(g.configs, f.configs...)
	g.configs[index] = b
	return g
}
