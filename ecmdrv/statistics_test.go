package ecmdrv

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/nic"
	"io-pkt/usb"
)

// The simulator has the five counters that matter.
func TestStatistics(t *testing.T) {
	r := newRig(t, "", echo(t))
	p := r.up("ecm0")
	works(p)
	var names []string
	r.host.until("the device's counters are there", func() bool {
		names = nil
		for _, c := range p.dev.Status().Counters[numCounters:] {
			names = append(names, c.Name)
		}
		return len(names) == 5
	})
	if d := cmp.Diff(statisticNames[:5], names); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// A counting device answers for its statistics as a test wants.
type countingDevice struct {
	usb.Device
	answer func(selector uint16, b []byte) (int, error)
}

func (countingDevice) Info() usb.DeviceInfo { return usb.DeviceInfo{} }

func (d countingDevice) Control(ctx context.Context, s usb.Setup, b []byte) (int, error) {
	if s.RequestType != 0xa1 || s.Request != 0x44 || s.Index != 7 || len(b) != 4 {
		return 0, fmt.Errorf("bad request %v for %d bytes", s, len(b))
	}
	return d.answer(s.Value, b)
}

func TestStatistician(t *testing.T) {
	value := func(n uint32) func(b []byte) (int, error) {
		return func(b []byte) (int, error) { binary.LittleEndian.PutUint32(b, n); return 4, nil }
	}
	fails := func(n int, err error) func(b []byte) (int, error) {
		return func([]byte) (int, error) { return n, err }
	}
	for _, tt := range []struct {
		name    string
		bits    uint32
		answers map[uint16]func(b []byte) (int, error)
		want    []nic.Counter
		asked   []string // in one look, and in the next
		log     string
	}{
		{name: "none"},
		{name: "only bits that do not exist", bits: 0xe0000000},
		{
			name: "some", bits: 1<<0 | 1<<4 | 1<<28,
			answers: map[uint16]func(b []byte) (int, error){1: value(10), 5: value(0xffffffff), 29: value(3)},
			want: []nic.Counter{
				{Name: "Device Frames Transmitted", Value: 10},
				{Name: "Device Receive Buffers Missing", Value: 0xffffffff},
				{Name: "Device Late Collisions", Value: 3},
			},
			asked: []string{"1 5 29", "1 5 29"},
		},
		{
			name: "one is refused", bits: 1<<0 | 1<<1 | 1<<2,
			answers: map[uint16]func(b []byte) (int, error){1: value(1), 2: fails(0, usb.ErrStall), 3: value(3)},
			want: []nic.Counter{
				{Name: "Device Frames Transmitted", Value: 1}, {Name: "Device Transmit Errors", Value: 3},
			},
			asked: []string{"1 2 3", "1 3"},
		},
		{
			name: "all are refused", bits: 1<<0 | 1<<1,
			answers: map[uint16]func(b []byte) (int, error){1: fails(0, usb.ErrStall), 2: fails(0, usb.ErrStall)},
			asked:   []string{"1 2", ""},
		},
		{
			name: "no answer", bits: 1<<0 | 1<<1,
			answers: map[uint16]func(b []byte) (int, error){1: fails(0, usb.ErrTimeout)},
			asked:   []string{"1", ""}, log: "given up",
		},
		{
			name: "two bytes", bits: 1<<0 | 1<<1,
			answers: map[uint16]func(b []byte) (int, error){1: fails(2, nil)},
			asked:   []string{"1", ""}, log: "statistic 1 has 2 bytes of 4",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			hardware := newShared(countingDevice{answer: func(selector uint16, b []byte) (int, error) {
				asked = append(asked, fmt.Sprint(selector))
				return tt.answers[selector](b)
			}})
			host := newHost(t)
			m := &module{options: options{verbose: 1}, host: host, driver: &Driver{}}
			d, err := newDevice(m, hardware, usb.DeviceDescriptor{}, function{control: 7, statistics: tt.bits})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.release() })
			d.port = &instantPort{}
			s, now := d.control.statistics, time.Now()
			for _, want := range append(tt.asked, "", "")[:2] {
				asked = nil
				for range 40 {
					s.step(t.Context(), now)
				}
				if got := strings.Join(asked, " "); got != want {
					t.Errorf("asked for %q, want %q", got, want)
				}
				if wait := s.deadline(now, -1); wait != -1 && wait != statisticsGap {
					t.Errorf("the next look is in %v", wait)
				}
				now = now.Add(statisticsGap)
			}
			if d := cmp.Diff(tt.want, d.Status().Counters[numCounters:], cmp.Transformer("", func(l []nic.Counter) string { return fmt.Sprint(l) })); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if host.logged(tt.log) != len(host.log()) || (len(host.log()) == 0) != (tt.log == "") {
				t.Errorf("log %q, want %q", host.log(), tt.log)
			}
		})
	}
}
