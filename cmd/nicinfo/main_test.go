package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"io-pkt/internal/ctl"
	"io-pkt/internal/ctl/ctltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	lo0  = ctl.Interface{Name: "lo0", MTU: 33192, Flags: ctl.FlagUp | ctl.FlagLoopback}
	ecm0 = ctl.Interface{
		Name: "ecm0", Driver: "ecm", Description: "Acme Modem", MTU: 1400, MaxMTU: 1500,
		MAC: "02:00:00:0a:0b:0c", PermanentMAC: "00:0c:29:dd:35:28",
		Flags: ctl.FlagUp | ctl.FlagMulticast | ctl.FlagPromisc,
		Media: &ctl.Media{BitRate: 1000e6},
		Stats: ctl.Stats{
			InPackets: 34, InBytes: 4120, InBroadcasts: 3, InMulticasts: 7, InDrops: 5,
			OutPackets: 12, OutBytes: 1180, OutBroadcasts: 2, OutMulticasts: 2, OutDrops: 6,
		},
		Counters: []ctl.Counter{{Name: "Receive Stalls", Value: 9}},
	}
	// A device that tells nothing.
	ecm1 = ctl.Interface{Name: "ecm1", Driver: "ecm", Description: "CDC-ECM device 1:2", MAC: "02:00:00:00:00:02",
		MaxMTU: 1500, Media: &ctl.Media{}}
)

const counters = `  Packets Transmitted OK ..................... 12
  Bytes Transmitted OK ....................... 1180
  Broadcast Packets Transmitted OK ........... 2
  Multicast Packets Transmitted OK ........... 0
  Memory Allocation Failures on Transmit ..... 0

  Packets Received OK ........................ 34
  Bytes Received OK .......................... 4120
  Broadcast Packets Received OK .............. 3
  Multicast Packets Received OK .............. 4
  Memory Allocation Failures on Receive ...... 0

  Packets Dropped on Transmit ................ 6
  Packets Dropped on Receive ................. 5
  Receive Stalls ............................. 9
`

const hardware = `  Acme Modem

  Physical Node ID ........................... 000C29 DD3528
  Current Physical Node ID ................... 020000 0A0B0C
  Current Operation Rate ..................... 1000.00 Mb/s full-duplex
  Maximum Transmittable data Unit ............ 1500
  Maximum Receivable data Unit ............... 1500
  Promiscuous Mode ........................... On
  Multicast Support .......................... Enabled

`

const silent = `ecm1:
  CDC-ECM device 1:2

  Current Physical Node ID ................... 020000 000002
  Maximum Transmittable data Unit ............ 1500
  Maximum Receivable data Unit ............... 1500
  Promiscuous Mode ........................... Off
  Multicast Support .......................... Disabled

`

type result struct {
	Stdout, Stderr string
	Status         int
}

func command(line string) result {
	var out, errs bytes.Buffer
	status := run(strings.Fields(line), &out, &errs)
	return result{out.String(), errs.String(), status}
}

func TestNicinfo(t *testing.T) {
	s := ctltest.New(t, lo0, ecm0, ecm1)
	stop := s.Serve(t)
	t.Setenv("SOCK", s.Prefix)
	zeros := regexp.MustCompile(`\d+\n`).ReplaceAllString(counters[:strings.Index(counters, "  Receive Stalls")], "0\n")
	for _, c := range []struct {
		line string
		want result
	}{
		{"ecm0", result{Stdout: "ecm0:\n" + hardware + counters}},
		{"-secm0", result{Stdout: "ecm0:\n" + counters}},
		{"-s ecm0", result{Stdout: "ecm0:\n" + counters}},
		{"ecm1", result{Stdout: silent + zeros}},
		{"", result{Stdout: "ecm0:\n" + hardware + counters + silent + zeros}},
		{"ecm9", result{Stderr: "nicinfo: ecm9: No such device or address\n", Status: 1}},
		{"lo0", result{Stderr: "nicinfo: lo0: Operation not supported\n", Status: 1}},
		{"ecm9 ecm0", result{"ecm0:\n" + hardware + counters, "nicinfo: ecm9: No such device or address\n", 1}},
		{"-s", result{Stderr: "nicinfo: option requires an argument -- s\n" + usage, Status: 1}},
		{"-x", result{Stderr: "nicinfo: unknown option -- x\n" + usage, Status: 1}},
		{"--help", result{Stdout: usage}},
	} {
		t.Run(c.line, func(t *testing.T) {
			if d := cmp.Diff(c.want, command(c.line)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
	t.Run("nothing to show", func(t *testing.T) {
		s.Set(lo0)
		if d := cmp.Diff(result{}, command("")); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	})
	t.Run("no io-pkt", func(t *testing.T) {
		stop()
		want := result{Stderr: "nicinfo: io-pkt is not running at " + ctl.SocketPath(s.Prefix) + ": no such file or directory\n", Status: 1}
		if d := cmp.Diff(want, command("")); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	})
}

// What a public test tool looks for: label, blank, dots, blank, number, in this
// order.
func TestPattern(t *testing.T) {
	s := ctltest.New(t, ecm0)
	s.Serve(t)
	t.Setenv("SOCK", s.Prefix)
	pattern := regexp.MustCompile(`Packets Transmitted OK \.+ (\d+)\s[\s\S]*Bytes Transmitted OK \.+ (\d+)\s[\s\S]*` +
		`Packets Received OK \.+ (\d+)\s[\s\S]*Bytes Received OK \.+ (\d+)`)
	got := pattern.FindStringSubmatch(command("-secm0").Stdout)
	if d := cmp.Diff([]string{"12", "1180", "34", "4120"}, got[min(1, len(got)):]); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
