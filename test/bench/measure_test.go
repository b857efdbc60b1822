package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// attach makes a far end, over a veth.
const attach = `
	mount -t tmpfs tmpfs /run
	ip netns add far
	ip link add near0 type veth peer name far0 netns far
	ip addr add 10.9.0.1/24 dev near0
	ip -n far addr add 10.9.0.2/24 dev far0
	ip link set near0 up
	ip -n far link set far0 up
	serve far
	trap unserve EXIT
	await ping -c 1 -W 1 10.9.0.2
`

// A far end that is there is measured, and of one that is not there each test leaves a
// sample that shows it.
func TestMeasure(t *testing.T) {
	for _, program := range []string{"ip", "iperf3", "ping", "unshare"} {
		_, err := exec.LookPath(program)
		need(t, err)
	}
	// As where the machine has other things to do.
	const late = `ip() { case $* in *iperf3*) sleep 1; exec ip "$@" ;; *) command ip "$@" ;; esac; }
`
	// Nothing is waited for: nothing is going to come.
	const without = `counters=/proc/net/dev; sleep() { :; }
`
	for _, tt := range []struct {
		name, script, want string
		sent               int
	}{
		{"idle", attach + "rtt idle", "", 100},
		{"loaded", attach + "rtt loaded", "", 100},
		{"tcp", attach + "tcp out 2", "", 0},
		{"tcp, at a server that starts late", late + attach + "tcp out 1", "", 0},
		{"small datagrams out", attach + "udp out", "", 0},
		{"small datagrams in", attach + "udp in", "", 0},
		{"idle, nobody there", without + "rtt idle", "0 of 100 pings", 100},
		{"loaded, nobody there", without + "rtt loaded", "unreachable", 100},
		{"behind, nobody there", without + "behind 8", "unreachable", 20},
		{"tcp, nobody there", without + "tcp out 1", "unreachable", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := measured(t, tt.script)
			r, err := s.result()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if load := s.Direction != "idle"; s.Stalled != (load && tt.want != "") || (len(s.Iperf) == 1) != load || s.Sent != tt.sent {
				t.Errorf("stalled %v, %d reports, %d pings sent, want %d", s.Stalled, len(s.Iperf), s.Sent, tt.sent)
			}
			if s.Test == "udp" && (r.packets == 0 || r.carried < r.packets) {
				t.Errorf("%g datagrams a second are carried, and %g read", r.carried, r.packets)
			}
		})
	}
}

// Datagrams for which a socket had no room have been carried, too.
func TestDatagrams(t *testing.T) {
	for _, program := range []string{"ip", "iperf3", "ping", "socat", "unshare"} {
		_, err := exec.LookPath(program)
		need(t, err)
	}
	inside(t, "/dev/null", attach+`
	ip netns exec far socat -u UDP4-RECV:9 - >/dev/null &
	await shows ':9 ' ip netns exec far ss -lun
	kill -STOP $!
	begin=$(datagrams out)
	exec 4>/dev/udp/10.9.0.2/9
	for _ in {1..2000}; do printf x >&4; done
	kill -CONT $!
	await eval '[ $(($(datagrams out) - begin)) = 2000 ]'
	kill $!
`)
}

// measured runs measure.sh's functions and gives the sample that they leave.
func measured(t *testing.T, script string) sample {
	t.Helper()
	path := filepath.Join(t.TempDir(), "samples")
	inside(t, path, script)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSample(data)
	if err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return s
}

// inside runs a script with measure.sh's functions as the guest does, in namespaces of
// their own. Samples go to path.
func inside(t *testing.T, path, script string) {
	t.Helper()
	unshare := []string{"--net", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "--kill-child"}
	if os.Geteuid() != 0 {
		unshare = append(unshare, "--user", "--map-root-user")
	}
	out, err := exec.CommandContext(t.Context(), "unshare", append(unshare, "true")...).CombinedOutput()
	if err != nil {
		need(t, fmt.Errorf("no namespaces of our own here: %w: %s", err, out))
	}
	cmd := exec.CommandContext(t.Context(), "unshare", append(unshare, "bash", "-c",
		". ../vm/testdata/lib.sh\n. testdata/measure.sh\nmeasure_to '"+path+"' 1\ndriver=io-pkt addresses=(10.9.0.2)\n"+script)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
