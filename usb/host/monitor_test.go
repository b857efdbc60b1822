package host

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func makeMonitor(t *testing.T) (*monitor, string) {
	t.Helper()
	dir := t.TempDir()
	m, err := newMonitor(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.close)
	return m, dir
}

// waits runs wait, and fails when it does not return.
func waits(ctx context.Context, t *testing.T, m *monitor, d time.Duration) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- m.wait(ctx, d) }()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("wait does not return")
		return nil
	}
}

// A bus and a node that appear are noticed without any kernel event.
func TestMonitorSeesNodes(t *testing.T) {
	m, dir := makeMonitor(t)
	bus := filepath.Join(dir, "001")
	for _, change := range []struct {
		name string
		do   func() error
	}{
		{"bus", func() error { return os.Mkdir(bus, 0o700) }},
		{"node", func() error { return os.WriteFile(filepath.Join(bus, "002"), nil, 0o600) }},
		{"node pulled", func() error { return os.Remove(filepath.Join(bus, "002")) }},
	} {
		if err := change.do(); err != nil {
			t.Fatal(err)
		}
		if err := waits(t.Context(), t, m, -1); err != nil {
			t.Errorf("%s: %v", change.name, err)
		}
	}
}

func TestMonitorEnds(t *testing.T) {
	m, dir := makeMonitor(t)
	if err := waits(t.Context(), t, m, time.Millisecond); err != nil {
		t.Errorf("after its time: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer context.AfterFunc(ctx, m.poller.Wake)()
	cancel()
	if err := waits(ctx, t, m, -1); err != nil {
		t.Errorf("with its context: %v", err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := waits(t.Context(), t, m, -1); err == nil {
		t.Error("no error although the bus is gone")
	}
}
