package slog

import "testing"

// A client that is silent between its records stays, for longer than one may be that is
// silent within a record.
func TestServerKeepsSilentClients(t *testing.T) {
	t.Parallel()
	_, path := newServer(t, Config{})
	writer := connect(t, path)
	write := func(text string) {
		if _, err := writer.Write(event(text)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	write("first")
	for e, err := range r.Follow() {
		if err != nil {
			t.Fatal(err)
		}
		if e.Text == "last" {
			break
		}
		late := connect(t, path) // whose time begins when both have had a record
		if _, err := late.Write(event("half")[:5]); err != nil {
			t.Fatal(err)
		}
		awaitEnd(t, late)
		write("last")
	}
}
