package ecmdrv

import (
	"fmt"
	"strings"
	"time"

	"io-pkt/slog"
	"io-pkt/usb"
)

// Bounds of what is written about a bus that is not trusted.
const (
	maxListed    = 16               // devices, or settings of a configuration, in a line; or lines
	maxEndpoints = 8                // of a setting
	troublePause = 10 * time.Second // between two lines about errors
)

// interfaceMap shows the settings of a configuration in one line: interface and
// setting, class/subclass/protocol, endpoints.
func interfaceMap(c *usb.Config) string {
	var b strings.Builder
	fmt.Fprintf(&b, "configuration %d: interfaces", c.Value)
	for i, s := range c.Settings {
		if i == maxListed {
			fmt.Fprintf(&b, " and %d more settings", len(c.Settings)-i)
			break
		}
		fmt.Fprintf(&b, " %d", s.Interface)
		if s.Alternate != 0 {
			fmt.Fprintf(&b, ".%d", s.Alternate)
		}
		fmt.Fprintf(&b, " %02x/%02x/%02x", s.Class, s.SubClass, s.Protocol)
		separator := " "
		for _, e := range s.Endpoints[:min(len(s.Endpoints), maxEndpoints)] {
			fmt.Fprintf(&b, "%s%02x", separator, e.Address)
			separator = "+"
		}
		b.WriteByte(',')
	}
	return strings.TrimSuffix(b.String(), ",")
}

// shortened leaves out lines that would push others out of the log.
func shortened(lines []string) []string {
	if more := len(lines) - maxListed; more > 0 {
		return append(lines[:maxListed:maxListed], fmt.Sprintf("and %d more lines like these", more))
	}
	return lines
}

// present lists the devices of a bus for the log.
func present(list []usb.DeviceInfo) string {
	if len(list) == 0 {
		return "there is no device at all"
	}
	names := make([]string, 0, maxListed)
	for _, info := range list[:min(len(list), maxListed)] {
		names = append(names, info.String())
	}
	if more := len(list) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return "there is " + strings.Join(names, ", ")
}

// filterWords says what a packet filter lets pass.
func filterWords(filter uint16) string {
	var words []string
	for _, w := range []struct {
		bit  uint16
		word string
	}{
		{filterDirected, "own address"}, {filterBroadcast, "broadcast"},
		{filterAllMulticast, "all multicast"}, {filterPromiscuous, "promiscuous"},
	} {
		if filter&w.bit != 0 {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, ", ")
}

// A trouble is the newest thing that went wrong with a device, which goes on.
type trouble struct {
	text   string
	at     time.Time
	logged time.Time // when one was last written to the log
	count  int       // since then
}

// failing notes that something went wrong, and with verbose tells the log: not
// of each, since thousands may follow.
func (d *device) failing(now time.Time, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.mu.Lock()
	t := &d.trouble
	t.text, t.at = text, now
	t.count++
	count := t.count
	say := d.options().verbose > 0 && (t.logged.IsZero() || now.Sub(t.logged) >= troublePause)
	if say {
		t.logged, t.count = now, 0
	}
	d.mu.Unlock()
	switch {
	case !say:
	case count > 1:
		d.log(slog.Info, "%s (and %d more errors in between)", text, count-1)
	default:
		d.log(slog.Info, "%s", text)
	}
}

// summarize writes what a device has done to the log, at its end.
func (d *device) summarize() {
	if d.options().verbose == 0 {
		return
	}
	var words []string
	for _, c := range d.counters.list() {
		if c.Value > 0 {
			words = append(words, fmt.Sprintf("%s %d", c.Name, c.Value))
		}
	}
	d.log(slog.Info, "in all: %s", strings.Join(words, ", "))
	d.mu.Lock()
	last := d.trouble
	d.mu.Unlock()
	if last.text != "" {
		d.log(slog.Info, "last error, %v before: %s", time.Since(last.at).Round(time.Millisecond), last.text)
	}
}
