package ecmdrv

import (
	"context"
	"maps"
	"time"

	"io-pkt/slog"
	"io-pkt/usb"
)

// watch follows the bus, and finds it again when it was lost: at once, but with longer
// and longer pauses where it is lost again soon. It ends when ctx does.
func (m *module) watch(ctx context.Context) {
	for pause := time.Duration(0); ; pause = min(max(2*pause, firstPause), longestPause) {
		found := time.Now()
		err := m.stack.Watch(ctx, func(e usb.Event) { m.event(ctx, e) })
		if ctx.Err() != nil {
			return
		}
		m.log(slog.Warning, "USB stack lost: %v", err)
		for info := range m.known {
			m.event(ctx, usb.Event{Device: info})
		}
		if ctx.Err() != nil {
			return
		}
		if err := m.stack.Close(); err != nil {
			m.log(slog.Warning, "closing the lost USB stack: %v", err)
		}
		m.stack = nil
		if time.Since(found) > longestPause {
			pause = 0
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		if m.stack, err = m.driver.openStack(ctx, m.options.path, forever); err != nil {
			m.stack = nil
			return
		}
		m.log(slog.Info, "USB stack found again")
	}
}

// forever is for openStack: no end but ctx's, whatever the reason is that there is no
// stack. It was there.
const forever = -1

// event handles one device that came or went. One that went is given up before
// the next one is looked at, so that its successor gets its interface's number.
func (m *module) event(ctx context.Context, e usb.Event) {
	if e.Present && m.known[e.Device] {
		return
	}
	maps.DeleteFunc(m.known, func(info usb.DeviceInfo, _ bool) bool { return info.Port == e.Device.Port })
	m.giveUp(ctx, e.Device.Port)
	if e.Present {
		m.known[e.Device] = true
		_ = m.attach(ctx, e.Device) // attach has logged what was wrong
	}
}

// giveUp waits until all devices are given up that have gone, of which one was
// in a port where another one is now, or nothing.
func (m *module) giveUp(ctx context.Context, port string) {
	for _, d := range m.attached() {
		select {
		case <-d.usb.Gone():
		default:
			if d.info.Port != port {
				continue
			}
		}
		d.end(usb.ErrGone)
		select {
		case <-d.over:
		case <-ctx.Done():
		}
	}
}
