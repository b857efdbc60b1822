package poll

import (
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// parking is where a goroutine waits for long: an epoll descriptor that Go's own poller
// has. A goroutine in a system call, poll(2) say, costs a thread, and when it comes back
// the runtime's watchdog (sysmon) is woken, which looks what has become of it some fifty
// times in the next millisecond: with a ping every 200 ms io-pkt's threads were switched
// to 120 times for each of them, and a round trip took 10 % longer.
//
// The descriptors are in it only while somebody waits there, because the kernel's
// bookkeeping is made for each thing that happens to them, whether anybody waits or not.
type parking struct {
	file *os.File
	raw  syscall.RawConn
	fd   int
	in   []int32
	// stale is that a descriptor cannot be taken out because it stands for another file
	// now. The old one would be heard of as long as somebody else has it open.
	stale bool
}

func (k *parking) open() error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // or os does not take it for one to poll
		_ = unix.Close(fd)
		return os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return err
	}
	*k = parking{file: file, raw: raw, fd: fd, in: k.in[:0]}
	return nil
}

func (k *parking) close() error { return k.file.Close() }

// wait waits until one of fds is ready, or d has passed unless it is negative. leave is
// to be called then, at leisure.
func (k *parking) wait(fds []unix.PollFd, d time.Duration) error {
	if k.stale {
		old := k.file
		if err := k.open(); err != nil {
			return err
		}
		_ = old.Close()
	}
	var end time.Time
	if d >= 0 {
		end = time.Now().Add(d)
	}
	if err := k.file.SetReadDeadline(end); err != nil {
		return err
	}
	var entered bool
	var failed error
	err := k.raw.Read(func(uintptr) (done bool) {
		if !entered {
			entered = true
			failed = k.enter(fds)
			return failed != nil
		}
		return true
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return errors.Join(failed, err)
}

func (k *parking) enter(fds []unix.PollFd) error {
	for _, f := range fds {
		if f.Fd < 0 {
			continue // as for poll(2)
		}
		if errno := k.control(unix.EPOLL_CTL_ADD, f.Fd, uint32(f.Events)); errno != 0 {
			return os.NewSyscallError("epoll_ctl", errno)
		}
		k.in = append(k.in, f.Fd)
	}
	return nil
}

// leave takes out what wait has put in.
func (k *parking) leave() {
	for _, fd := range k.in {
		if k.control(unix.EPOLL_CTL_DEL, fd, 0) != 0 {
			k.stale = true
		}
	}
	k.in = k.in[:0]
}

// control does not tell Go's scheduler of the call, which would wake its watchdog.
func (k *parking) control(op int, fd int32, events uint32) unix.Errno {
	e := unix.EpollEvent{Events: events}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(k.fd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&e)), 0, 0)
	return errno
}
