package host

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/poll"
)

// A monitor tells when to look at the bus again. It listens to two sources:
//
//   - the kernel's own uevents (a netlink multicast), which come when a device is
//     complete. They reach every network namespace whose owner is the initial
//     user namespace (lib/kobject_uevent.c), so `ip netns exec` and ordinary
//     containers are fine and rootless containers hear nothing;
//   - inotify on the bus directory, where nodes come and go. It works wherever
//     the directory shows the kernel's devtmpfs or udev's work; tried in a user
//     and network namespace of its own (unshare -Urn).
type monitor struct {
	poller *poll.Poller
	uevent int // socket, -1 for none
	notify int
	dir    string
}

// kernelEvents is the multicast group of the kernel itself; udevd has another.
const kernelEvents = 1

func newMonitor(dir string) (*monitor, error) {
	m := &monitor{uevent: -1, notify: -1, dir: dir}
	var err error
	if m.poller, err = poll.New(); err != nil {
		return nil, err
	}
	if m.notify, err = unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK); err != nil {
		m.close()
		return nil, err
	}
	m.poller.Add(m.notify, unix.POLLIN)
	if m.uevent = openUevents(); m.uevent >= 0 {
		m.poller.Add(m.uevent, unix.POLLIN)
	}
	if err := m.watchDirs(); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// openUevents opens the socket. A sandbox may forbid it; inotify has to do then.
func openUevents() int {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return -1
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: kernelEvents}); err != nil {
		_ = unix.Close(fd)
		return -1
	}
	return fd
}

// watchDirs watches the bus directory and those of the buses. It is called
// again after each event, since a bus may be new; watching twice is watching
// once.
func (m *monitor) watchDirs() error {
	const changes = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM
	if _, err := unix.InotifyAddWatch(m.notify, m.dir, changes|unix.IN_DELETE_SELF); err != nil {
		return &os.PathError{Op: "watch", Path: m.dir, Err: err}
	}
	buses, _ := filepath.Glob(filepath.Join(m.dir, "[0-9][0-9][0-9]"))
	for _, b := range buses {
		_, _ = unix.InotifyAddWatch(m.notify, b, changes) // gone again: no matter
	}
	return nil
}

// wait returns when there is a reason to look: an event, d having passed (d < 0:
// never), or ctx having ended.
func (m *monitor) wait(ctx context.Context, d time.Duration) error {
	for {
		if err := m.poller.Wait(d); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		nodes, events := m.drainNotify(), m.drainUevents()
		if nodes {
			if err := m.watchDirs(); err != nil {
				return err
			}
		}
		if nodes || events || d >= 0 {
			return nil
		}
	}
}

// drainNotify takes all that inotify has; what it says does not matter.
func (m *monitor) drainNotify() (any bool) {
	var b [4096]byte
	for {
		n, err := unix.Read(m.notify, b[:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n <= 0 {
			return any
		}
		any = true
	}
}

// drainUevents takes all messages and reports whether one was about a USB
// device, or may have been: ENOBUFS says that some were lost.
func (m *monitor) drainUevents() (any bool) {
	if m.uevent < 0 {
		return false
	}
	var b [8192]byte // the kernel's are at most 2 KiB (UEVENT_BUFFER_SIZE)
	for {
		n, from, err := unix.Recvfrom(m.uevent, b[:], 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ENOBUFS):
			any = true
			continue
		case err != nil:
			return any
		}
		// Port 0 is the kernel; a program with CAP_NET_ADMIN can send here too.
		sender, ok := from.(*unix.SockaddrNetlink)
		if ok && sender.Pid == 0 && aboutDevice(b[:n]) {
			any = true
		}
	}
}

// aboutDevice reports whether a uevent says that a USB device (and not one of
// its interfaces) came, went or changed. A message is a headline and KEY=value
// words, each ended by a zero byte.
func aboutDevice(message []byte) bool {
	usb, device := false, false
	for word := range bytes.SplitSeq(message, []byte{0}) {
		usb = usb || string(word) == "SUBSYSTEM=usb"
		device = device || string(word) == "DEVTYPE=usb_device"
	}
	return usb && device
}

func (m *monitor) close() {
	for _, fd := range []int{m.uevent, m.notify} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	_ = m.poller.Close()
}
