package ecmdrv

import (
	"context"
	"maps"
	"slices"
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
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-m.turn }()
	if e.Present && m.known[e.Device] {
		return
	}
	maps.DeleteFunc(m.known, func(info usb.DeviceInfo, _ bool) bool { return info.Port == e.Device.Port })
	m.giveUp(ctx, e.Device.Port)
	m.left(e.Device.Port)
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

// lost has a device revived if it stays on the bus: it was reset, which ends what usbfs has
// of it, or a server cut the connection. What is lost again soon has to wait longer and
// longer.
func (m *module) lost(info usb.DeviceInfo, worked time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.background == nil || m.closed || m.revivals[info] != nil {
		return
	}
	if worked > longestPause {
		m.pause = 0
	}
	m.pause = min(max(2*m.pause, firstPause), longestPause)
	m.revivals[info] = time.AfterFunc(m.pause, func() { m.revive(info) })
}

// left is told that a device was pulled, which is not to be revived.
func (m *module) left(port string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for info, timer := range m.revivals {
		if info.Port == port {
			timer.Stop()
			delete(m.revivals, info)
		}
	}
}

// revive attaches a device that is still as it was before.
func (m *module) revive(info usb.DeviceInfo) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.revivals[info] == nil {
		return
	}
	delete(m.revivals, info)
	m.watching.Go(func() {
		select {
		case m.turn <- struct{}{}:
		case <-m.background.Done():
			return
		}
		defer func() { <-m.turn }()
		serves := slices.ContainsFunc(m.attached(), func(d *device) bool { return d.info == info }) // another function of it
		if m.known[info] && !serves {
			_ = m.attach(m.background, info) // attach has logged what was wrong
		}
	})
}
