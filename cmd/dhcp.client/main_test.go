package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/cmdtest"
)

func TestMain(m *testing.M) {
	cmdtest.BeCommand(main)
	os.Exit(m.Run())
}

// A machine is a PATH with DHCP clients that say what they were called with.
type machine struct{ path string }

func newMachine(t *testing.T, clients ...string) machine {
	t.Helper()
	m := machine{t.TempDir()}
	for _, c := range clients {
		script := "#!/bin/sh\necho \"${0##*/} $*\"\ncase $* in *nobody*) exit 1;; esac\n"
		if err := os.WriteFile(filepath.Join(m.path, c), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// run runs the command under a name.
func (m machine) run(t *testing.T, name, line string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := cmdtest.Command(t, strings.Fields(line)...)
	cmd.Args[0] = name
	cmd.Env = append(cmd.Env, "PATH="+m.path, "SOCK="+m.path)
	return cmdtest.Run(t, cmd)
}

// installed skips where a client of the system's own would be found.
func installed(t *testing.T) {
	t.Helper()
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		for _, c := range clients {
			if exists(filepath.Join(dir, c[0])) {
				t.Skip("this machine has", filepath.Join(dir, c[0]))
			}
		}
	}
}

func TestClient(t *testing.T) {
	m := newMachine(t, "dhclient", "dhcpcd")
	for _, c := range []struct {
		name, line, out string
		status          int
	}{
		{"dhcp.client", "-i lo", "dhclient -d -B lo\n", 0},
		{"dhcp.client", "-ilo -u -t 2 -h me -D id -m -n", "dhclient -1 -B -H me -I id lo\n", 0},
		{"dhcp.client", "-b -i lo -u -h nobody", "dhclient -H nobody lo\n", 3},
		{"dhclient", "-nw -cf x lo", "dhclient -nw -cf x lo\n", 0},
		{"/opt/io-pkt/bin/dhclient", "-nobody", "dhclient -nobody\n", 1},
	} {
		out, errs, status := m.run(t, c.name, c.line)
		if out != c.out || errs != "" || status != c.status {
			t.Errorf("%s %s: status %d, %q, %q; want %d, %q", c.name, c.line, status, out, errs, c.status, c.out)
		}
	}
}

// What dhclient is to do others do where it is not there.
func TestOtherClient(t *testing.T) {
	installed(t)
	m := newMachine(t, "dhcpcd")
	if out, errs, status := m.run(t, "dhclient", "-v -1 -I -lf leases lo"); out != "dhcpcd -t 60 -J lo\n" || status != 0 {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
	if out, errs, status := m.run(t, "dhclient", "-r lo"); out != "" || status != 1 || !strings.Contains(errs, "only dhclient itself") {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
	if out, errs, status := m.run(t, "dhclient", "-H name lo"); out != "" || status != 1 || !strings.Contains(errs, "unknown option -H") {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
}

func TestRefuses(t *testing.T) {
	m := newMachine(t, "dhclient")
	for _, c := range []struct {
		line, err string
		status    int
	}{
		{"-i none0 -I 1", "dhcp.client: unable to find interface none0\n", 2},
		{"-I 1", "unable to find an interface: io-pkt is not running", 2},
		{"-x", "unknown option -- x", 1},
		{"-i", "requires an argument -- i", 1},
		{"-i ../../x", "bad interface", 1},
		{"-i -x", "bad interface", 1},
		{"-t never -i lo", "-t never: bad number", 1},
		{"lo", `unexpected word "lo"`, 1},
	} {
		out, errs, status := m.run(t, "dhcp.client", c.line)
		if out != "" || !strings.Contains(errs, c.err) || status != c.status {
			t.Errorf("%s: status %d, %q, %q", c.line, status, out, errs)
		}
	}
	installed(t)
	_, errs, status := newMachine(t).run(t, "dhcp.client", "-i lo")
	if want := "dhcp.client: no DHCP client on this machine: No such file or directory\n"; errs != want || status != 1 {
		t.Errorf("status %d, %q", status, errs)
	}
	if slices.ContainsFunc(scripts, exists) {
		t.Skip("this machine has a script for udhcpc")
	}
	m = newMachine(t, "busybox")
	_, errs, status = m.run(t, "dhcp.client", "-i lo")
	want := "dhcp.client: " + m.path + "/busybox is no DHCP client without /etc/udhcpc/default.script or /usr/share/udhcpc/default.script: No such file or directory\n"
	if errs != want || status != 1 {
		t.Errorf("status %d, %q, want %q", status, errs, want)
	}
}

// Each client is told in its own words.
func TestArguments(t *testing.T) {
	r := request{iface: "ecm0", tries: 2, seconds: 30, hostname: "me", ident: "id"}
	for client, want := range map[string]string{
		"dhclient": "-d -1 -B -H me -I id ecm0",
		"udhcpc":   "-f -n -T 3 -t 20 -B -x hostname:me -x 0x3d:006964 -R -i ecm0",
		"dhcpcd":   "-B -t 60 -J -h me -I id ecm0",
	} {
		if d := cmp.Diff(want, strings.Join(r.arguments(client), " ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", client, d)
		}
	}
}

// An interface that is taken is none of a client's options.
func FuzzOptions(f *testing.F) {
	f.Add("-i ecm0 -u -t 3 -T 20")
	f.Add("-nw -lf /tmp/x ecm0")
	f.Fuzz(func(t *testing.T, line string) {
		for _, parse := range []func([]string) (request, error){parseOptions, parseDhclient} {
			r, err := parse(strings.Split(line, " "))
			if err == nil && (strings.HasPrefix(r.iface, "-") || len(r.iface) > 15 || r.tries < 0 || r.seconds < 1 || r.looks < 1) {
				t.Errorf("%q: %+v", line, r)
			}
		}
	})
}
