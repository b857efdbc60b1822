package repo

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A few packages' tests and a static command on the boards' other architecture;
// make arm64 does all of it.
func TestARM64(t *testing.T) {
	const qemu = "qemu-aarch64-static"
	if _, err := exec.LookPath(qemu); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("arm64 programs do not run here:", err)
	}
	waitfor := filepath.Join(t.TempDir(), "waitfor")
	for _, line := range [][]string{
		{"go", "test", "-exec", qemu, "./usb", "./internal/getopt", "./internal/offload", "./internal/waitfor"},
		{"go", "build", "-o", waitfor, "./cmd/waitfor"},
		{qemu, waitfor, waitfor, "0"},
	} {
		cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
		cmd.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", line, err, out)
		}
	}
}
