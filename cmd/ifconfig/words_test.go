package main

import (
	"strings"
	"testing"
)

// TestMediaTables: no name stands for two things.
func TestMediaTables(t *testing.T) {
	for _, table := range [][][]string{subtypes, mediaOptions, mediaModes} {
		seen := make(map[string]string)
		for _, names := range table {
			for _, n := range names {
				key := strings.ToLower(n)
				if other, twice := seen[key]; twice && other != names[0] {
					t.Errorf("%s is %s and %s", n, other, names[0])
				}
				seen[key] = names[0]
			}
		}
	}
	for name, want := range map[string]string{
		"utp": "10baseT", "10base-t": "10baseT", "100TX": "100baseTX", "1000baset-fdx": "1000baseT full-duplex",
		"AUTO": "autoselect", "10GCX4": "10GbaseCX4",
	} {
		if got, ok := lookup(subtypes, name); !ok || got != want {
			t.Errorf("lookup %s = %s, %v; want %s", name, got, ok, want)
		}
	}
}

func TestParseLink(t *testing.T) {
	for text, want := range map[string]string{
		"02:00:00:00:00:01": "02:00:00:00:00:01",
		"2:0:0:0:0:A":       "02:00:00:00:00:0a",
		"AA-bb-CC-dd-EE-ff": "aa:bb:cc:dd:ee:ff",
		"":                  "", "02:00:00:00:00": "", "02:00:00:00:00:01:02": "", "02:00:00:00:00:": "",
		"02:00:00:00:00:001": "", "02:00:00:00:00:0g": "", "02:00-00:00:00:01": "", "+2:0:0:0:0:1": "", "020000000001": "",
	} {
		got, ok := parseLink(text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("parseLink(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
}

// FuzzMedium: what is printed of a medium is read as the same.
func FuzzMedium(f *testing.F) {
	f.Add("autoselect")
	f.Add("100baseTX full-duplex,flowcontrol instance 2")
	f.Add("none instance x")
	f.Fuzz(func(t *testing.T, text string) {
		once := parseMedium(text).text(" ")
		if again := parseMedium(once).text(" "); again != once {
			t.Errorf("%q is %q, and that is %q", text, once, again)
		}
	})
}

// FuzzLink: an address that is printed is read as the same.
func FuzzLink(f *testing.F) {
	f.Add("2:0:0:0:0:A")
	f.Add("aa-bb-cc-dd-ee-ff")
	f.Fuzz(func(t *testing.T, text string) {
		mac, ok := parseLink(text)
		if !ok {
			return
		}
		if again, ok := parseLink(mac); !ok || again != mac {
			t.Errorf("%q is %q, and that is %q, %v", text, mac, again, ok)
		}
	})
}
