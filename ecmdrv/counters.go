package ecmdrv

import (
	"sync/atomic"

	"io-pkt/internal/nic"
)

// A counter names one of a device's counters.
type counter int

const (
	rxFrames counter = iota
	rxBytes
	rxOverlong
	rxRunts
	rxWhileDown
	rxStalls
	rxErrors
	txFrames
	txBytes
	txLost
	txStalls
	txErrors
	txWatchdog
	notifications
	linkChanges
	atCommands
	atResponses
	atRefused
	atDropped
	numCounters
)

var counterNames = [numCounters]string{
	rxFrames:      "Frames Received",
	rxBytes:       "Bytes Received",
	rxOverlong:    "Over-long Frames Dropped",
	rxRunts:       "Short Frames Dropped",
	rxWhileDown:   "Frames Dropped While Down",
	rxStalls:      "Receive Stalls",
	rxErrors:      "Receive Errors",
	txFrames:      "Frames Transmitted",
	txBytes:       "Bytes Transmitted",
	txLost:        "Frames Lost on Transmit",
	txStalls:      "Transmit Stalls",
	txErrors:      "Transmit Errors",
	txWatchdog:    "Transmit Watchdog",
	notifications: "Notifications",
	linkChanges:   "Link Changes",
	atCommands:    "AT Commands",
	atResponses:   "AT Responses",
	atRefused:     "AT Commands Refused",
	atDropped:     "AT Bytes Dropped",
}

// counters are a device's counters. The loop adds to them once a batch.
type counters [numCounters]atomic.Uint64

func (c *counters) add(which counter, n uint64) {
	if n > 0 {
		c[which].Add(n)
	}
}

func (c *counters) list() []nic.Counter {
	list := make([]nic.Counter, numCounters)
	for i := range list {
		list[i] = nic.Counter{Name: counterNames[i], Value: c[i].Load()}
	}
	return list
}
