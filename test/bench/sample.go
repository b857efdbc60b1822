package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A sample is one line that a script of testdata prints: one run of one test.
type sample struct {
	Driver    string            `json:"driver"` // "io-pkt", or what it is compared with
	Speed     string            `json:"speed"`
	Gadgets   int               `json:"gadgets"`
	Test      string            `json:"test"`      // "tcp", "far", "udp" or "rtt"
	Direction string            `json:"direction"` // "out", "in" or "both"; of rtt "idle", "loaded" or "out"
	Flows     int               `json:"flows"`
	CPU       float64           `json:"cpu"`     // of tcp: seconds of processor time that all used in a part of the run
	Bytes     float64           `json:"bytes"`   // of tcp: what passed meanwhile, both directions
	Iperf     []json.RawMessage `json:"iperf"`   // iperf3's reports, one of each gadget
	Arrived   float64           `json:"arrived"` // of udp: datagrams at the receiving end, read there or not
	Stalled   bool              `json:"stalled"` // no data had come when it was to begin
	Sent      int               `json:"sent"`    // of rtt: pings
	RTT       []float64         `json:"rtt"`     // of those that were answered, milliseconds
}

// what names a sample in a message.
func (s sample) what() string {
	words := s.Driver
	if s.Speed != "" {
		words += ", " + speedName(s.Speed)
	}
	if s.Gadgets > 1 {
		words += ", " + plural(s.Gadgets, "gadget")
	}
	words += ", " + s.Test + " " + s.Direction
	if s.Flows > 1 {
		words += ", " + plural(s.Flows, "flow")
	}
	return words
}

// speedName says what a speed is: of the bus, or for a slow device the time it takes for
// a frame.
func speedName(speed string) string {
	if ms, slow := strings.CutSuffix(speed, "ms"); slow {
		return "a frame each " + ms + " ms"
	}
	return speed + " speed"
}

// A result is what a sample comes to.
type result struct {
	rate    float64 // bits per second, all gadgets together
	slowest float64 // of the slowest gadget
	cost    float64 // seconds of processor time per gigabyte
	carried float64 // datagrams per second that arrive
	packets float64 // those that are read, too
	loss    float64 // which part of those that are sent is not, 0 to 1
	rtt     float64 // milliseconds, the median
	within  float64 // milliseconds, TCP's own
}

// parseSample reads a line.
func parseSample(line []byte) (sample, error) {
	var s sample
	if err := json.Unmarshal(bytes.TrimSpace(line), &s); err != nil {
		return s, fmt.Errorf("what was measured: %w", err)
	}
	if s.Driver == "" || s.Test == "" || s.Gadgets < 1 || s.CPU < 0 || s.CPU > huge || s.Bytes > huge || s.Arrived > huge {
		return s, errors.New("what was measured: of nothing, or of more than there can be")
	}
	return s, nil
}

// sends reports whether this end sends something of which TCP knows how long it takes.
func (s sample) sends() bool { return s.Test != "udp" && s.Direction != "in" }

// result works a sample out.
func (s sample) result() (r result, err error) {
	if s.Test != "rtt" || s.Direction != "idle" { // a ping under load without load is none
		if r, err = s.transfer(); err != nil {
			return r, err
		}
	}
	switch s.Test {
	case "rtt":
		// The pings that are lost are those that would have taken long.
		if s.Sent < 1 || 10*float64(len(s.RTT)) < 9*float64(s.Sent) {
			return r, fmt.Errorf("%d of %d pings were answered", len(s.RTT), s.Sent)
		}
		r.rtt = median(s.RTT)
	case "tcp":
		if s.Bytes < 1 {
			return r, errors.New("nothing passed while it was watched")
		}
		r.cost = s.CPU / (s.Bytes / 1e9)
	}
	return r, nil
}

// transfer works out what iperf3 reports.
func (s sample) transfer() (result, error) {
	var r result
	if len(s.Iperf) != s.Gadgets {
		return r, fmt.Errorf("%d reports of iperf3 for %d gadgets", len(s.Iperf), s.Gadgets)
	}
	for i, raw := range s.Iperf {
		report, err := parseIperf(raw)
		if err != nil {
			return r, err
		}
		rate := report.rate()
		if i == 0 || rate < r.slowest {
			r.slowest = rate
		}
		r.rate += rate
		if s.sends() {
			within, err := report.within()
			if err != nil {
				return r, err
			}
			r.within = max(r.within, within)
		}
		if s.Test == "udp" {
			if r.packets, r.loss, err = report.packets(); err != nil {
				return r, err
			}
			if s.Arrived < 1 {
				return r, errors.New("no datagram arrived while they were counted")
			}
			r.carried = s.Arrived / report.End.Received.Seconds
		}
	}
	if s.Stalled {
		return r, errors.New("no data flowed when it was to begin")
	}
	return r, nil
}

// tell shows a sample to whoever waits.
func (s sample) tell() string {
	r, err := s.result()
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %v", s.what(), err)
	case s.Test == "rtt":
		return fmt.Sprintf("%s: %.3f ms", s.what(), r.rtt)
	case s.Test == "far":
		return fmt.Sprintf("%s: %.0f Mb/s", s.what(), r.rate/1e6)
	case s.Test == "udp":
		return fmt.Sprintf("%s: %.0f/s carried, %.0f/s read, %.1f %% lost", s.what(), r.carried, r.packets, r.loss*100)
	}
	return fmt.Sprintf("%s: %.0f Mb/s, %.2f s/GB", s.what(), r.rate/1e6, r.cost)
}
