package ecmdrv

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"io-pkt/internal/nic"
	"io-pkt/usb"
)

// GetEthernetStatistic (ECM 1.2, 6.2.5 and table 6).
const (
	reqGetEthernetStatistic = 0x44
	statisticSize           = 4

	// statisticsGap is the time between two looks at a device's own counters.
	statisticsGap = 5 * time.Second
)

// statisticNames are the counters a device may have of its own. Their place, from
// 0, is their bit in bmEthernetStatistics and one less than the feature selector
// (ECM 1.2, tables 4 and 9).
var statisticNames = [...]string{
	"Device Frames Transmitted",
	"Device Frames Received",
	"Device Transmit Errors",
	"Device Receive Errors",
	"Device Receive Buffers Missing",
	"Device Directed Bytes Transmitted",
	"Device Directed Frames Transmitted",
	"Device Multicast Bytes Transmitted",
	"Device Multicast Frames Transmitted",
	"Device Broadcast Bytes Transmitted",
	"Device Broadcast Frames Transmitted",
	"Device Directed Bytes Received",
	"Device Directed Frames Received",
	"Device Multicast Bytes Received",
	"Device Multicast Frames Received",
	"Device Broadcast Bytes Received",
	"Device Broadcast Frames Received",
	"Device Receive CRC Errors",
	"Device Transmit Queue Length",
	"Device Receive Alignment Errors",
	"Device Transmits with One Collision",
	"Device Transmits with More Collisions",
	"Device Transmits Deferred",
	"Device Transmits with Too Many Collisions",
	"Device Receive Overruns",
	"Device Transmit Underruns",
	"Device Heartbeat Failures",
	"Device Carrier Sense Losses",
	"Device Late Collisions",
}

// A statistician reads the counters that a device keeps of its own, one in a
// round of the control goroutine so that nothing else waits for all of them.
type statistician struct {
	device    *device
	selectors []uint16  // those that the device has
	at        int       // the next one to read
	next      time.Time // when
}

func newStatistician(d *device) *statistician {
	s := &statistician{device: d}
	for i := range statisticNames {
		if d.function.statistics&(1<<i) != 0 {
			s.selectors = append(s.selectors, uint16(i+1))
		}
	}
	return s
}

// step reads a counter if it is time. One that the device refuses is not asked
// for again, and none at all of a device that does not answer.
func (s *statistician) step(ctx context.Context, now time.Time) {
	if len(s.selectors) == 0 || now.Before(s.next) {
		return
	}
	selector := s.selectors[s.at]
	value, err := s.device.statistic(ctx, selector)
	switch {
	case err == nil:
		s.device.keepStatistic(statisticNames[selector-1], value)
		s.at++
	case errors.Is(err, usb.ErrStall):
		s.selectors = slices.Delete(s.selectors, s.at, s.at+1)
	default:
		if !s.device.stopping.Load() {
			s.device.failing(now, "reading statistics, which is given up: %v", err)
		}
		s.selectors = nil
	}
	if s.at >= len(s.selectors) {
		s.at, s.next = 0, now.Add(statisticsGap)
	}
}

// deadline shortens a time to wait to when step has something to do.
func (s *statistician) deadline(now time.Time, wait time.Duration) time.Duration {
	if len(s.selectors) == 0 {
		return wait
	}
	return sooner(wait, s.next.Sub(now))
}

// statistic reads one counter.
func (d *device) statistic(ctx context.Context, selector uint16) (uint32, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	b := make([]byte, statisticSize)
	n, err := d.usb.Control(ctx, usb.Setup{
		RequestType: usb.DirIn | usb.TypeClass | usb.RecipientInterface,
		Request:     reqGetEthernetStatistic,
		Value:       selector,
		Index:       uint16(d.function.control),
	}, b)
	if err != nil {
		return 0, err
	}
	if n < statisticSize {
		return 0, fmt.Errorf("statistic %d has %d bytes of %d", selector, n, statisticSize)
	}
	return binary.LittleEndian.Uint32(b), nil
}

// keepStatistic notes a counter's value for Status.
func (d *device) keepStatistic(name string, value uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.statistics {
		if d.statistics[i].Name == name {
			d.statistics[i].Value = uint64(value)
			return
		}
	}
	d.statistics = append(d.statistics, nic.Counter{Name: name, Value: uint64(value)})
}
