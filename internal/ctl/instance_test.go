package ctl

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestInstance(t *testing.T) {
	dev := t.TempDir()
	find := func(want string) {
		t.Helper()
		got, err := FindInstance(dev, 1)
		if got != want || errors.Is(err, fs.ErrNotExist) != (want == "") {
			t.Errorf("it is at %q, %v, want %q", got, err, want)
		}
	}
	publish := func(prefix string) func() error {
		t.Helper()
		withdraw, err := PublishInstance(dev, 1, prefix)
		if err != nil {
			t.Fatal(err)
		}
		return withdraw
	}
	find("")
	first := publish("")
	find("/")
	second := publish("/alt/") // as after a kill -9 of the first
	find("/alt")
	if err := first(); err != nil {
		t.Error(err)
	}
	find("/alt")
	for range 2 {
		if err := second(); err != nil {
			t.Error(err)
		}
		find("")
	}
	file := filepath.Join(dev, "io-pkt1")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := PublishInstance(dev, 1, ""); err == nil {
		t.Error("somebody's file was replaced")
	}
}
