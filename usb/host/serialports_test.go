package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSerialPorts(t *testing.T) {
	sys := t.TempDir()
	for _, dir := range []string{
		"1-2:1.0/net/wwan0", "1-2:1.2/tty/ttyACM0", "1-2:1.4/ttyUSB1/tty/ttyUSB1", "1-2:1.3/ttyUSB0/tty/ttyUSB0",
		"1-2:1.5/usbmisc/cdc-wdm0", "1-2.1:1.0/tty/ttyACM9", "1-20:1.0/tty/ttyACM8", "1-2/power",
	} {
		if err := os.MkdirAll(filepath.Join(sys, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for port, want := range map[string][]string{
		"1-2":  {"/dev/ttyACM0", "/dev/ttyUSB0", "/dev/ttyUSB1"},
		"1-20": {"/dev/ttyACM8"},
		"1-3":  nil,
	} {
		if diff := cmp.Diff(want, serialPorts(sys, port)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", port, diff)
		}
	}
}
