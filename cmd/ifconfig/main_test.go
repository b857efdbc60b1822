package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"io-pkt/internal/ctl"
	"io-pkt/internal/ctl/ctltest"
)

// bin is the directory of the real command, built as it is shipped.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ifconfig")
	if err == nil {
		bin = dir
		build := exec.Command("go", "build", "-o", dir, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build ifconfig:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(dir)
		os.Exit(status)
	}))
}

// A result is what a user sees of a command.
type result struct {
	Out, Err string
	Status   int
}

// sh runs a shell line with the command in PATH and the stack at SOCK.
func sh(t *testing.T, prefix, line string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SOCK="+prefix)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatalf("%s: %v", line, err)
	} else if ok && exit.ExitCode() < 0 {
		t.Fatalf("%s: %v\n%s", line, err, stderr.String())
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func check(t *testing.T, line string, got, want result) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", line, d)
	}
}

const wiredText = `wm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	address: 52:54:00:5d:43:bb
	media: Ethernet autoselect (1000baseT full-duplex)
	status: active
	inet 192.168.56.101 netmask 0xffffff00 broadcast 192.168.56.255
	inet6 fe80::5054:ff:fe5d:43bb%wm0 prefixlen 64 scopeid 0x11
`

const loopbackText = `lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 33192
	inet 127.0.0.1 netmask 0xff000000
	inet6 ::1 prefixlen 128
	inet6 fe80::1%lo0 prefixlen 64 scopeid 0x1
`

const ecmText = `ecm0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> mtu 1500
	address: 02:00:00:00:00:01
	media: Ethernet autoselect
	status: no carrier
`

// unplugged is ecm0 before anybody touched it.
func unplugged() ctl.Interface {
	return ctl.Interface{Name: "ecm0", Index: 18, MTU: 1500, MAC: "02:00:00:00:00:01",
		Flags: ctl.FlagBroadcast | ctl.FlagSimplex | ctl.FlagMulticast, Media: &ctl.Media{Current: "autoselect"}}
}

// TestDisplay: what is shown of a stack by each option.
func TestDisplay(t *testing.T) {
	s := ctltest.New(t, loopback(), wired(), unplugged())
	s.Serve(t)
	for _, c := range []struct {
		line string
		want result
	}{
		{"ifconfig wm0", result{Out: wiredText}},
		{"ifconfig", result{Out: loopbackText + wiredText + ecmText}},
		{"ifconfig -a", result{Out: loopbackText + wiredText + ecmText}},
		{"ifconfig -ab", result{Out: wiredText + ecmText}},
		{"ifconfig -au", result{Out: loopbackText + wiredText}},
		{"ifconfig -ad", result{Out: ecmText}},
		{"ifconfig -as", result{Out: loopbackText + wiredText}},
		{"ifconfig -bu", result{Out: wiredText}},
		{"ifconfig -ad inet", result{Out: ecmText}},
		{"ifconfig -l", result{Out: "lo0 wm0 ecm0\n"}},
		{"ifconfig -l -b", result{Out: "wm0 ecm0\n"}},
		{"ifconfig -ld", result{Out: "ecm0\n"}},
		{"ifconfig -ldu", result{Out: "\n"}},
		{"ifconfig -C", result{Out: "vlan\n"}},
		{"ifconfig ecm0 link", result{Out: ecmText}},
		{"ifconfig -A ecm0", result{Out: ecmText, Err: "ifconfig: -A is deprecated\n"}},
		{"ifconfig -s wm0", result{}},
		{"ifconfig -s lo0", result{}},
		{"ifconfig -s ecm0", result{Status: 1}},
		{"ifconfig -z ecm0", result{Out: ecmText + "\tinput: 0 packets, 0 bytes\n\toutput: 0 packets, 0 bytes\n"}},
		{"ifconfig ecm0 atalk", result{Err: "ifconfig: socket: Address family not supported by protocol family\n", Status: 1}},
		{"ifconfig en9", result{Err: "ifconfig: SIOCGIFFLAGS en9: No such device or address\n", Status: 1}},
		{"ifconfig -s en9", result{Err: "ifconfig: SIOCGIFFLAGS en9: No such device or address\n", Status: 1}},
	} {
		check(t, c.line, sh(t, s.Prefix, c.line), c.want)
	}
}

// TestPipelines is what scripts in the field cut out of the output.
func TestPipelines(t *testing.T) {
	s := ctltest.New(t, loopback(), wired(), unplugged())
	s.Serve(t)
	for _, c := range []struct {
		line string
		want result
	}{
		{"ifconfig wm0 | grep address | sed s/://g | cut -c10-21", result{Out: "5254005d43bb\n"}},
		{"ifconfig wm0 | sed -n 's/.*address: *//p'", result{Out: "52:54:00:5d:43:bb\n"}},
		{"ifconfig | grep wm0: | awk '{print $1}'", result{Out: "wm0:\n"}},
		{"for i in `ifconfig -l`; do echo \"[$i]\"; done", result{Out: "[lo0]\n[wm0]\n[ecm0]\n"}},
		{"ifconfig | grep 'inet .*broadcast'", result{Out: "\tinet 192.168.56.101 netmask 0xffffff00 broadcast 192.168.56.255\n"}},
		{`ifconfig wm0 | sed -n 's/.*broadcast \([0-9.]*\).*/\1/p'`, result{Out: "192.168.56.255\n"}},
		{`ifconfig ecm0 | grep -q "inet "`, result{Status: 1}},
		{`ifconfig wm0 | grep -q "inet "`, result{}},
		{"ifconfig wm0 | grep -q 1000baseT", result{}},
		{"ifconfig ecm0 | grep -q none", result{Status: 1}},
		{"ifconfig wm0 >/dev/null 2>&1 && echo there", result{Out: "there\n"}},
		{"ifconfig en9 >/dev/null 2>&1 || echo missing", result{Out: "missing\n"}},
		{"ifconfig lo0 | head -n1", result{Out: "lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 33192\n"}},
	} {
		check(t, c.line, sh(t, s.Prefix, c.line), c.want)
	}
}

// TestSet: what lines do to a stack, one after the other.
func TestSet(t *testing.T) {
	s := ctltest.New(t, loopback(), unplugged())
	s.Serve(t)
	const up = "ecm0: flags=8803<UP,BROADCAST,SIMPLEX,MULTICAST> mtu 1500\n"
	for _, c := range []struct {
		line string
		want result
	}{
		{"ifconfig ecm0 10.184", result{}},
		{"ifconfig ecm0 | sed 2,4d", result{Out: up + "\tinet 10.0.0.184 netmask 0xff000000 broadcast 10.255.255.255\n"}},
		{"ifconfig ecm0 192.168.1.2/24", result{}},
		{"ifconfig ecm0 inet alias 192.168.1.3 netmask 255.255.255.255", result{}},
		{"ifconfig ecm0 | grep inet", result{Out: "\tinet 192.168.1.2 netmask 0xffffff00 broadcast 192.168.1.255\n" +
			"\tinet alias 192.168.1.3 netmask 0xffffffff broadcast 192.168.1.3\n"}},
		{"ifconfig ecm0 -alias 192.168.1.3", result{}},
		{"ifconfig ecm0 -alias 192.168.1.3", result{Err: "ifconfig: SIOCDIFADDR: Can't assign requested address\n", Status: 1}},
		{"ifconfig ecm0 delete", result{}},
		{"ifconfig ecm0 | grep inet", result{Status: 1}},
		{"ifconfig ecm0 mtu 1400 metric 2 down", result{}},
		{"ifconfig ecm0 | head -n1", result{Out: "ecm0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 2 mtu 1400\n"}},
		{"ifconfig ecm0 inet6 alias fd00::1/48 up", result{}},
		{"ifconfig ecm0 inet6 | grep inet6", result{Out: "\tinet6 fd00::1 prefixlen 48\n"}},
		{"ifconfig ecm0 trailers", result{Out: "Note: trailers are no longer sent, but always received\n"}},
		{"ifconfig ecm0 destroy", result{}},
		{"ifconfig ecm0 destroy", result{Err: "ifconfig: SIOCGIFFLAGS ecm0: No such device or address\n", Status: 1}},
		{"ifconfig -l", result{Out: "lo0\n"}},
	} {
		check(t, c.line, sh(t, s.Prefix, c.line), c.want)
	}
}

// TestCapabilities: what is shown and switched on an interface that has some.
func TestCapabilities(t *testing.T) {
	s := ctltest.New(t, capable())
	s.Serve(t)
	for _, c := range []struct{ line, enabled string }{
		{"tso4", "\tenabled tx=20<TSO4>\n"},
		{"tcp4csum", "\tenabled rx=2<TCP4CSUM>\n\tenabled tx=22<TCP4CSUM,TSO4>\n"},
		{"-tso4 -tcp4csum-tx ip4csum-rx", "\tenabled rx=3<IP4CSUM,TCP4CSUM>\n"},
		{"tcp6csum-tx udp6csum-tx -ip4csum", "\tenabled rx=2<TCP4CSUM>\n\tenabled tx=18<TCP6CSUM,UDP6CSUM>\n"},
		{"-tcp4csum -tcp6csum -udp6csum", "\tenabled=0\n"},
	} {
		check(t, c.line, sh(t, s.Prefix, "ifconfig wm0 "+c.line), result{})
		check(t, c.line, sh(t, s.Prefix, "ifconfig wm0 | grep enabled"), result{Out: c.enabled})
	}
	// Those of one direction only, together with the other.
	for _, line := range []string{"tso6", "tcp6csum", "udp6csum-rx tso4"} {
		check(t, line, sh(t, s.Prefix, "ifconfig wm0 "+line), result{Err: "ifconfig: SIOCSIFCAP: Invalid argument\n", Status: 1})
	}
	check(t, "nothing of it", sh(t, s.Prefix, "ifconfig wm0 | grep enabled"), result{Out: "\tenabled=0\n"})
}

// TestMedia: what an interface with several media can be set to.
func TestMedia(t *testing.T) {
	s := ctltest.New(t, capable())
	s.Serve(t)
	for _, c := range []struct{ line, media string }{
		{"media 100TX mediaopt FDX,flow", "\tmedia: Ethernet 100baseTX full-duplex,flowcontrol\n"},
		{"media 10BASE-T", "\tmedia: Ethernet 10baseT\n"},
		{"mediaopt full-duplex", "\tmedia: Ethernet 10baseT full-duplex\n"},
		{"-mediaopt fdx", "\tmedia: Ethernet 10baseT\n"},
		{"media none", "\tmedia: Ethernet none\n"},
	} {
		check(t, c.line, sh(t, s.Prefix, "ifconfig wm0 "+c.line), result{})
		check(t, c.line, sh(t, s.Prefix, "ifconfig wm0 | grep media:"), result{Out: c.media})
	}
	check(t, "another", sh(t, s.Prefix, "ifconfig wm0 media 10base2"),
		result{Err: "ifconfig: SIOCSIFMEDIA: No such device or address\n", Status: 1})
}

// TestRefusals: every way to fail, its text and its status; and nothing is asked
// of io-pkt by a line with a mistake in it.
func TestRefusals(t *testing.T) {
	s := ctltest.New(t, unplugged())
	s.Serve(t)
	for op, e := range map[ctl.Op]syscall.Errno{
		ctl.OpAddAddr: syscall.EEXIST, ctl.OpSetMTU: syscall.EINVAL, ctl.OpSetMetric: syscall.EOPNOTSUPP,
		ctl.OpDelAddr: syscall.EADDRNOTAVAIL, ctl.OpSetFlags: syscall.EPERM, ctl.OpDestroy: syscall.EBUSY,
	} {
		s.Fail(op, e)
	}
	for _, c := range []struct {
		line     string
		err      string
		status   int
		requests int
	}{
		{"ecm0 10.0.0.1", "SIOCAIFADDR: File exists", 0, 1}, // and no up
		{"ecm0 mtu 99999", "SIOCSIFMTU: Invalid argument", 0, 1},
		{"ecm0 metric 1", "SIOCSIFMETRIC: Operation not supported", 0, 1},
		{"ecm0 mtu 1 10.0.0.1", "SIOCSIFMTU: Invalid argument\nifconfig: SIOCAIFADDR: File exists", 0, 2},
		{"ecm0 delete", "SIOCDIFADDR: Can't assign requested address", 1, 1},
		{"ecm0 up", "SIOCSIFFLAGS: Operation not permitted", 1, 1},
		{"ecm0 destroy", "SIOCIFDESTROY: Resource busy", 1, 1},
		{"tap0 create", "SIOCIFCREATE: Invalid argument", 1, 1},
		{"tap0 create up", "SIOCIFCREATE: Invalid argument", 1, 1},
		{"vlan73 create mtu", "'mtu' requires argument", 1, 0},
		{"ecm0 tso4", "SIOCSIFCAP: Invalid argument", 1, 1},
		{"ecm0 media 100baseTX mediaopt full-duplex", "SIOCSIFMEDIA: No such device or address", 1, 1},
		{"ecm0 vlan 7 vlanif en0", "valid only with vlan(4) interfaces", 1, 0},
		{"ecm0 tunnel 1.1.1.1 2.2.2.2", "SIOCSLIFPHYADDR: Inappropriate I/O control operation", 0, 0},
		{"ecm0 nwid home", "SIOCS80211NWID: Inappropriate I/O control operation", 1, 0},
		{"ecm0 link 02:00:00:00:00:09 delete", "SIOCDLIFADDR: Can't assign requested address", 1, 1},
		{"ecm0 up mtu", "'mtu' requires argument", 1, 0},
		{"ecm0 tunnel 1.1.1.1", "'tunnel' requires 2 arguments", 1, 0},
		{"ecm0 up mtu x", "x: invalid mtu", 1, 0},
		{"ecm0 up no!word", "no!word: bad value", 1, 0},
		{"ecm0 mtu 1400 alias 10.0.0.1 delete", "Only one use of alias, -alias or delete is valid.", 1, 0},
		{"ecm0 10.0.0.1 10.0.0.2", "can't set destination address on non-point-to-point link", 1, 0},
		{"en9 mtu", "SIOCGIFFLAGS en9: No such device or address", 1, 0},
		{"ecm0 inet6 no!host", "no!host: hostname nor servname provided, or not known", 1, 0},
		{"abcdefghijklmnopqrstuvwxyz1234 up", "interface name 'abcdefghijklmnopqrstuvwxyz1234' too long", 1, 0},
	} {
		line := "ifconfig " + c.line
		check(t, line, sh(t, s.Prefix, line), result{Err: "ifconfig: " + c.err + "\n", Status: c.status})
		if r := s.Requests(); len(r) != c.requests {
			t.Errorf("%s made %d requests; want %d: %+v", line, len(r), c.requests, r)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, line := range []string{"ifconfig -la", "ifconfig -a en0 up", "ifconfig -s en0 up", "ifconfig -C en0"} {
		check(t, line, sh(t, t.TempDir(), line), result{Err: usage, Status: 1})
	}
	got := sh(t, t.TempDir(), "ifconfig -x")
	check(t, "ifconfig -x", got, result{Err: "ifconfig: unknown option -- x\n" + usage, Status: 1})
	if !strings.HasPrefix(usage, "usage: ifconfig [-h] [-m] [-v] [-z] [-L] interface\n") {
		t.Error("the usage begins otherwise than the original's")
	}
}

func TestNoStack(t *testing.T) {
	prefix := t.TempDir()
	for _, line := range []string{"ifconfig", "ifconfig -l", "ifconfig ecm0", "ifconfig ecm0 mtu", "ifconfig ecm0 up"} {
		check(t, line, sh(t, prefix, line), result{Status: 1,
			Err: "ifconfig: socket: Address family not supported by protocol family\n" +
				"ifconfig: io-pkt is not running at " + filepath.Join(prefix, "dev/socket/config") + ": no such file or directory\n"})
	}
}

// TestOutputLost: a full disk is no success.
func TestOutputLost(t *testing.T) {
	s := ctltest.New(t, loopback())
	s.Serve(t)
	got := sh(t, s.Prefix, "ifconfig lo0 >/dev/full")
	if got.Status != 1 || !strings.Contains(got.Err, "no space left") {
		t.Errorf("ifconfig lo0 >/dev/full = %+v", got)
	}
}
