package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
)

// tcp makes a sample's line: a megabyte in each of some gadgets, in a tenth of a
// second more for each, with a round trip of 4 ms, and one more for each.
func tcp(driver string, gadgets int, cpu float64) string {
	var reports []string
	for n := range gadgets {
		reports = append(reports, fmt.Sprintf(`{"end":{"sum_received":{"seconds":%g,"bytes":1000000},"streams":[{"sender":{"sender":true,"mean_rtt":%d000}}]}}`,
			1+float64(n)/10, n+4))
	}
	return fmt.Sprintf(`{"driver":%q,"speed":"high","gadgets":%d,"test":"tcp","direction":"out","flows":1,"cpu":%g,"bytes":%d,"iperf":[%s]}`,
		driver, gadgets, cpu, 1000000*gadgets, strings.Join(reports, ","))
}

func TestResult(t *testing.T) {
	s, err := parseSample([]byte(tcp("io-pkt", 2, 0.5) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.result()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.slowest, 8e6/1.1; math.Abs(got-want) > 1 {
		t.Errorf("the slowest has %.0f bits per second, want %.0f", got, want)
	}
	if got, want := r.rate, 8e6+8e6/1.1; math.Abs(got-want) > 1 {
		t.Errorf("together they have %.0f bits per second, want %.0f", got, want)
	}
	if got, want := r.cost, 250.0; math.Abs(got-want) > 1e-6 {
		t.Errorf("%g seconds for a gigabyte, want %g", got, want)
	}
	if r.within != 5 {
		t.Errorf("%g ms within TCP, want that of the slower one, 5", r.within)
	}
}

// The pings that a figure is made of are nearly all of those that were sent, and those
// under load have had one.
func TestRoundTrip(t *testing.T) {
	const good = `{"end":{"sum_received":{"seconds":1,"bytes":1},"streams":[{"sender":{"sender":true,"mean_rtt":3}}]}}`
	for _, tt := range []struct {
		name, direction string
		sent, answered  int
		more, want      string
	}{
		{"idle", "idle", 10, 10, "", ""},
		{"one in ten is lost", "idle", 10, 9, "", ""},
		{"more are lost", "idle", 19, 17, "", "17 of 19 pings"},
		{"all are lost", "idle", 10, 0, "", "0 of 10 pings"},
		{"nobody knows how many were sent", "idle", 0, 10, "", "10 of 0 pings"},
		{"loaded", "loaded", 10, 10, `,"iperf":[` + good + `]`, ""},
		{"beside what is sent", "out", 10, 10, `,"iperf":[` + good + `]`, ""},
		{"loaded, and most are lost", "loaded", 10, 3, `,"iperf":[` + good + `]`, "3 of 10 pings"},
		{"without a load's report", "loaded", 10, 10, "", "0 reports"},
		{"with one that is empty", "loaded", 10, 10, `,"iperf":[]`, "0 reports"},
		{"the load has failed", "out", 10, 10, `,"iperf":[{"end":{},"error":"Connection refused"}]`, "Connection refused"},
		{"the load came too late", "loaded", 10, 10, `,"stalled":true,"iperf":[` + good + `]`, "no data flowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSample(fmt.Appendf(nil, `{"driver":"io-pkt","gadgets":1,"test":"rtt","direction":%q,"sent":%d,"rtt":[%s]%s}`,
				tt.direction, tt.sent, strings.TrimSuffix(strings.Repeat("2.5,", tt.answered), ","), tt.more))
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.result()
			if tt.want == "" && (err != nil || r.rtt != 2.5) {
				t.Errorf("got %g ms, %v; want 2.5", r.rtt, err)
			} else if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestSampleMalformed(t *testing.T) {
	whole := tcp("io-pkt", 1, 1)
	for _, tt := range []struct{ name, line, want string }{
		{"empty", "", "unexpected end"},
		{"cut off", whole[:len(whole)-10], "unexpected end"},
		{"of nobody", `{"test":"tcp","gadgets":1}`, "of nothing"},
		{"without iperf3's report", strings.Replace(whole, `"iperf":[{`, `"iperf":[],"x":[{`, 1), "0 reports"},
		{"with a report that is empty", strings.Replace(whole, `"iperf":[{`, `"iperf":[,{`, 1), "invalid character"},
		{"of nobody who sent", strings.Replace(whole, `"sender":true`, `"sender":false`, 1), "no round-trip time"},
		{"without TCP's time", strings.Replace(whole, `"mean_rtt"`, `"max_rtt"`, 1), "no round-trip time"},
		{"with no time of TCP's", strings.Replace(whole, `"mean_rtt":4000`, `"mean_rtt":0`, 1), "no round-trip time"},
		{"without streams", strings.Replace(whole, `"streams"`, `"x"`, 1), "no round-trip time"},
		{"with one too many", strings.Replace(whole, `"gadgets":1`, `"gadgets":2`, 1), "1 reports"},
		{"of traffic that came too late", strings.Replace(whole, `"cpu"`, `"stalled":true,"cpu"`, 1), "no data flowed"},
		{"of datagrams that nobody counted", `{"driver":"io-pkt","gadgets":1,"test":"udp","direction":"out","iperf":[{"start":{"test_start":{"blksize":64}},` +
			`"end":{"sum_sent":{"packets":2},"sum_received":{"seconds":1,"bytes":64}}}]}`, "no datagram arrived"},
		{"of no traffic", strings.Replace(whole, `"bytes":1000000,`, `"bytes":0,`, 1), "nothing passed"},
		{"with no time", strings.Replace(whole, `"cpu":1`, `"cpu":-1`, 1), "more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSample([]byte(tt.line))
			if err == nil {
				_, err = s.result()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// What can be read can be worked out and written as JSON, or is an error.
func FuzzSample(f *testing.F) {
	f.Add([]byte(tcp("io-pkt", 2, 0.5)))
	f.Add([]byte(`{"driver":"cdc_ether","gadgets":1,"test":"rtt","direction":"idle","sent":2,"rtt":[0.25,1e3]}`))
	f.Add([]byte(`{"driver":"cdc_ether","gadgets":1,"test":"udp","cpu":3,"bytes":99,"arrived":1,"iperf":[{"start":{"test_start":{"blksize":64}},` +
		`"end":{"sum_sent":{"packets":2},"sum_received":{"seconds":1,"bytes":64}}}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		s, err := parseSample(line)
		if err != nil {
			return
		}
		r, err := s.result()
		if err != nil {
			return
		}
		values := []float64{r.rate, r.slowest, r.cost, r.carried, r.packets, r.loss, r.within}
		if _, err := json.Marshal(values); err != nil {
			t.Errorf("%v: %v", values, err)
		}
		if s.tell() == "" {
			t.Error("nothing to tell")
		}
	})
}
