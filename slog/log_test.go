package slog

import (
	"path/filepath"
	"testing"
)

func TestOpenHostsThenJoins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev", "slog")
	host, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	guest, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := [2]bool{host.Hosting(), guest.Hosting()}, [2]bool{true, false}; got != want {
		t.Fatalf("hosting: %v, want %v", got, want)
	}
	host.Log(NewCode(TCPIP, 0), Info, "from the host")
	guest.Log(NewCode(Network, 0), Warning, "from the guest")
	for range 2 {
		if err := guest.Close(); err != nil {
			t.Error(err)
		}
	}
	var got []string
	for e, missed := range host.server.Follow(t.Context()) {
		if missed != 0 {
			t.Errorf("missed %d", missed)
		}
		if got = append(got, e.Text); len(got) == 2 {
			break
		}
	}
	if got[0] != "from the host" || got[1] != "from the guest" {
		t.Errorf("got %q", got)
	}
	for range 2 {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Dial(path); err == nil {
		t.Error("the socket is still there")
	}
}
