package vm

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A modem, from dialing to hanging up, on Linux's bus, with our driver over usbfs:
// what passes there is, byte for byte, what CDC prescribes.
func TestModem(t *testing.T) {
	g := newGuest(t)
	g.commands(programs)
	g.commands(map[string][]string{"io-usb": nil})
	desc, err := os.ReadFile("../../usb/sim/testdata/descriptors/04-1546-1343-ublox-lara-l6.hex")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(g.dir, "lara.hex"), desc, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Log(g.run("modem.sh"))
	for _, name := range []string{"plain", "lara"} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(g.dir, name+".mon"))
			if err != nil {
				t.Fatal(err)
			}
			events, err := parseUsbmon(b)
			if err != nil {
				t.Fatal(err)
			}
			want := readConversation(t, filepath.Join("testdata", name+".txt"))
			got := conversation(events)
			t.Logf("the whole conversation:\n%s", strings.Join(got, "\n"))
			// A response may be got just before its notification arrives, when
			// the guest is slow.
			for _, what := range []struct {
				name string
				is   func(line string) bool
			}{{"requests", isRequest}, {"notifications", func(line string) bool { return !isRequest(line) }}} {
				if diff := cmp.Diff(filter(want, what.is), filter(got, what.is)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what.name, diff)
				}
			}
		})
	}
}

// readConversation reads the lines of a file that are no comments.
func readConversation(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return filter(strings.Split(string(b), "\n"), func(line string) bool { return line != "" && line[0] != '#' })
}

func filter(lines []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !keep(line) })
}

// isRequest tells the lines of requests from those of notifications.
func isRequest(line string) bool { return !strings.HasPrefix(line, "interrupt") }
