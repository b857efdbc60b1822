package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/cmdtest"
)

func TestMain(m *testing.M) {
	cmdtest.BeCommand(main)
	os.Exit(m.Run())
}

// A machine is a PATH with DHCP clients that say what they were called with, and
// refuse what the real ones do.
type machine struct{ path string }

func newMachine(t *testing.T, clients ...string) machine {
	t.Helper()
	m := machine{t.TempDir()}
	for _, c := range clients {
		script, err := os.ReadFile(filepath.Join("testdata/clients", c))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(m.path, c), script, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// command is the command under a name.
func (m machine) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := cmdtest.Command(t, args...)
	cmd.Args[0] = name
	cmd.Env = append(cmd.Env, "PATH="+m.path, "SOCK="+m.path, "PATH_DHCLIENT_CONF="+m.path+"/none")
	return cmd
}

// run runs the command under a name.
func (m machine) run(t *testing.T, name, line string) (stdout, stderr string, status int) {
	t.Helper()
	return cmdtest.Run(t, m.command(t, name, strings.Fields(line)...))
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
	conf := func(lines string) string { return "interface \"lo\" {\n" + lines + "}\n" }
	for _, c := range []struct {
		name, line, out, err string
		status               int
	}{
		{"dhcp.client", "-i lo", "dhclient -d -cf CONF lo\n" + conf("\ttimeout 31536000;\n"), "", 0},
		{"dhcp.client", "-ilo -u", "dhclient -cf CONF lo\n" + conf("\ttimeout 31536000;\n"), "", 0},
		{
			"dhcp.client", "-ilo -u -t 2 -T 5 -h me -D id -m -n", "dhclient -1 -cf CONF lo\n" +
				conf("\tsend host-name \"me\";\n\tsend dhcp-client-identifier \"\\000id\";\n\ttimeout 10;\n"), "", 0,
		},
		{"dhcp.client", "-b -i lo -u -t 1 -h nobody", "dhclient -1 -cf CONF lo\ninterface \"lo\" {\n\tsend host-name \"nobody\";\n", "", 3},
		{"dhcp.client", "-i lo -t 1 -h nobody", "dhclient -d -1 -cf CONF lo\ninterface \"lo\" {\n\tsend host-name \"nobody\";\n", "", 2},
		{
			"dhcp.client", "-i lo -u -h broken", "dhclient -cf CONF lo\ninterface \"lo\" {\n\tsend host-name \"broken\";\n",
			"dhcp.client: dhclient: exit status 1\n", 1,
		},
		{"dhclient", "-nw -lf x lo", "dhclient -nw -lf x lo\n", "", 0},
		{"/opt/io-pkt/bin/dhclient", "-B", "", "Unknown command: -B\n", 1},
	} {
		out, errs, status := m.run(t, c.name, c.line)
		if out != c.out || errs != c.err || status != c.status {
			t.Errorf("%s %s: status %d, %q, %q; want %d, %q, %q", c.name, c.line, status, out, errs, c.status, c.out, c.err)
		}
	}
}

// A signal ends the wait for a server, and the client with all that it has started.
func TestSignal(t *testing.T) {
	m := newMachine(t, "dhclient")
	cmd := m.command(t, "dhcp.client", "-u", "-i", "lo", "-h", "hang")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	asking := false
	for !asking && lines.Scan() {
		asking = lines.Text() == "asking"
	}
	if !asking {
		t.Fatal("it started no client")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // to its end, when the client's child has ended too
		if line := lines.Text(); line == "outlived" {
			t.Error("the client's child has outlived it")
		}
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != exitNoServer {
		t.Errorf("%v, want exit status %d", cmd.ProcessState, exitNoServer)
	}
}

// What dhclient is to do others do where it is not there.
func TestOtherClient(t *testing.T) {
	installed(t)
	m := newMachine(t, "dhcpcd")
	for _, c := range []struct {
		name, line, out, err string
		status               int
	}{
		{"dhclient", "-v -1 -I -lf leases lo", "dhcpcd -4 -L -t 60 -J lo\n", "", 0},
		{"dhclient", "-r lo", "", "only dhclient itself", 1},
		{"dhclient", "-H name lo", "", "unknown option -H", 1},
		{"dhclient", "lo -lf", "", "-lf wants a value", 1},
		{"dhcp.client", "-u -i lo", "dhcpcd -4 -L -t 0 -J lo\n", "", 0},
		{"dhcp.client", "-u -i lo -t 1 -T 20 -h nobody", "dhcpcd -4 -L -t 20 -J -h nobody lo\n", "", 3},
	} {
		out, errs, status := m.run(t, c.name, c.line)
		if out != c.out || !strings.Contains(errs, c.err) || (errs == "") != (c.err == "") || status != c.status {
			t.Errorf("%s %s: status %d, %q, %q; want %d, %q, %q", c.name, c.line, status, out, errs, c.status, c.out, c.err)
		}
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
		{"-i lo -D " + strings.Repeat("x", longest+1), "room for 254 bytes", 1},
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
	m = newMachine(t)
	if err := os.WriteFile(m.path+"/busybox", nil, 0o755); err != nil {
		t.Fatal(err)
	}
	_, errs, status = m.run(t, "dhcp.client", "-i lo")
	want := "dhcp.client: " + m.path + "/busybox is no DHCP client without /etc/udhcpc/default.script or /usr/share/udhcpc/default.script: No such file or directory\n"
	if errs != want || status != 1 {
		t.Errorf("status %d, %q, want %q", status, errs, want)
	}
}

// Each client is told in its own words.
func TestArguments(t *testing.T) {
	r := request{iface: "ecm0", tries: 2, seconds: 30, hostname: "me", ident: `"i\d`}
	for client, want := range map[string]string{
		"dhclient": "-d -1 -cf CONF ecm0",
		"udhcpc":   "-f -n -T 3 -t 20 -B -x hostname:me -x 0x3d:0022695c64 -R -i ecm0",
		"dhcpcd":   `-B -4 -L -t 60 -J -h me -I \"i\\d ecm0`,
	} {
		if d := cmp.Diff(want, strings.Join(r.arguments(client, "CONF"), " ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", client, d)
		}
	}
	r.tries, r.seconds = most, most
	if got := r.limit(); got != most {
		t.Errorf("limit %d, want %d", got, most)
	}
}

// No word gets out of its quotes.
func TestConf(t *testing.T) {
	r := request{iface: `e"0`, tries: 1, seconds: 7, hostname: "a\"; script \"x\\", ident: "\n\xff"}
	want := `include "/etc/dhcp/dhclient.conf";
interface "e\0420" {
	send host-name "a\042\073\040script\040\042x\134";
	send dhcp-client-identifier "\000\012\377";
	timeout 7;
}
`
	if d := cmp.Diff(want, r.conf("/etc/dhcp/dhclient.conf")); d != "" {
		t.Errorf("-want +got:\n%s", d)
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
