package main

import (
	"encoding/json"
	"errors"
	"fmt"
)

// An iperfSum is the sum over all flows at the end of iperf3's report.
type iperfSum struct {
	Seconds float64 `json:"seconds"`
	Bytes   float64 `json:"bytes"`
	Packets float64 `json:"packets"` // UDP: how many were sent
}

// An iperfReport is what "iperf3 -J" prints, as far as it is of interest.
type iperfReport struct {
	Error string `json:"error"`
	Start struct {
		Test struct {
			BlockSize float64 `json:"blksize"`
		} `json:"test_start"`
	} `json:"start"`
	End struct {
		Sent     *iperfSum `json:"sum_sent"`
		Received *iperfSum `json:"sum_received"`
		// Reverse is the second direction of --bidir.
		Reverse *iperfSum `json:"sum_received_bidir_reverse"`
		Streams []struct {
			Sender struct {
				Ours bool    `json:"sender"`   // this end is the sender
				RTT  float64 `json:"mean_rtt"` // TCP: microseconds
			} `json:"sender"`
		} `json:"streams"`
	} `json:"end"`
}

// parseIperf reads a report. An iperf3 that failed prints one, too, with an error.
func parseIperf(data []byte) (iperfReport, error) {
	var r iperfReport
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("iperf3's report: %w", err)
	}
	if r.Error != "" {
		return r, errors.New("iperf3: " + r.Error)
	}
	if !r.End.Received.sound() || r.End.Reverse != nil && !r.End.Reverse.sound() {
		return r, errors.New("iperf3's report: no sum of what was received")
	}
	return r, nil
}

// huge is more than anything that was measured: sums stay finite.
const huge = 1e15

// sound reports whether a sum is there and can be divided by.
func (s *iperfSum) sound() bool {
	return s != nil && s.Seconds > 1e-3 && s.Seconds < huge && s.Bytes >= 1 && s.Bytes < huge
}

// rate gives the bits per second that arrived, both directions together.
func (r iperfReport) rate() float64 {
	rate := r.End.Received.Bytes * 8 / r.End.Received.Seconds
	if r.End.Reverse != nil {
		rate += r.End.Reverse.Bytes * 8 / r.End.Reverse.Seconds
	}
	return rate
}

// packets gives the UDP packets per second that arrived, and which part of those
// that were sent did not. The receiver's own count of lost ones lacks the last.
func (r iperfReport) packets() (rate, loss float64, err error) {
	size, sent := r.Start.Test.BlockSize, r.End.Sent
	if size < 1 || size > huge || sent == nil || sent.Packets < 1 {
		return 0, 0, errors.New("iperf3's report: not of UDP")
	}
	arrived := r.End.Received.Bytes / size
	return arrived / r.End.Received.Seconds, max(1-arrived/sent.Packets, 0), nil
}

// within gives TCP's own round-trip time in milliseconds, the mean of all flows that this
// end sends. That a kernel says nothing of it is no time of 0.
func (r iperfReport) within() (float64, error) {
	var sum, n float64
	for _, s := range r.End.Streams {
		if t := s.Sender.RTT; s.Sender.Ours && t > 0 && t < huge {
			sum, n = sum+t, n+1
		}
	}
	if n == 0 {
		return 0, errors.New("iperf3's report: no round-trip time of what was sent")
	}
	return sum / n / 1e3, nil
}
