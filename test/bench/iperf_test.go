package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The reports in testdata/iperf are of iperf3 3.12 over a loopback interface.
func TestParseIperf(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rate   float64
		within float64 // 0: nothing was sent by TCP
	}{
		{"out.json", 2536963937 * 8 / 1.000641, 0.053},
		{"in.json", 1434845184 * 8 / 1.000808, 0},
		{"both.json", (1088946176 + 543686656) * 8 / 1.002001, 0.356},
		{"udp.json", 5177408 * 8 / 1.003469, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/iperf", tt.name))
			if err != nil {
				t.Fatal(err)
			}
			r, err := parseIperf(data)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.rate(); math.Abs(got-tt.rate) > 1 {
				t.Errorf("%.0f bits per second, want %.0f", got, tt.rate)
			}
			got, err := r.within()
			if math.Abs(got-tt.within) > 1e-4 || (err == nil) != (tt.within > 0) {
				t.Errorf("%.4f ms within TCP, %v; want %.4f", got, err, tt.within)
			}
			rate, loss, err := r.packets()
			if udp := strings.HasPrefix(tt.name, "udp"); udp != (err == nil) {
				t.Errorf("packets: %v", err)
			} else if udp && (math.Round(rate) != 80617 || math.Round(loss*1e4) != 4920) {
				t.Errorf("%.0f packets per second, %.4f lost; want 80617, 0.4920", rate, loss)
			}
		})
	}
}

func TestParseIperfMalformed(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"nothing", "", "unexpected end"},
		{"cut off", `{"end":{"sum_received":{"seconds":1,"by`, "unexpected end"},
		{"not JSON", "iperf3: error - unable to connect", "invalid character"},
		{"an error", `{"end":{},"error":"unable to connect to server: Connection refused"}`, "Connection refused"},
		{"no sum", `{"end":{}}`, "no sum"},
		{"no time", `{"end":{"sum_received":{"seconds":0,"bytes":1}}}`, "no sum"},
		{"less than nothing", `{"end":{"sum_received":{"seconds":1,"bytes":-1}}}`, "no sum"},
		{"nothing arrived", `{"end":{"sum_received":{"seconds":1,"bytes":0}}}`, "no sum"},
		{"nothing came back", `{"end":{"sum_received":{"seconds":1,"bytes":1},"sum_received_bidir_reverse":{}}}`, "no sum"},
		{"too much", `{"end":{"sum_received":{"seconds":1,"bytes":1e300}}}`, "no sum"},
		{"a word for a number", `{"end":{"sum_received":{"seconds":"1","bytes":1}}}`, "cannot unmarshal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := parseIperf([]byte(tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
