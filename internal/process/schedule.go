package process

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A Priority is a thread's, as QNX says it: 10r, 21f, 10o.
type Priority struct {
	Level  int  // 0 to 255
	Policy byte // f, r, o or s; 0 leaves it as it is
}

func (p Priority) String() string {
	return strconv.Itoa(p.Level) + strings.Trim(string(p.Policy), "\x00")
}

// ordinary is what programs have on QNX that ask for nothing: Linux's nice value 0.
const ordinary = 10

// Ordinary is the priority of a process for which nobody has set another.
var Ordinary = Priority{ordinary, 'o'}

// ParsePriority reads a number with perhaps a policy's letter behind it.
func ParsePriority(word string) (Priority, error) {
	var p Priority
	number := word
	if n := len(word); n > 0 && strings.IndexByte("frosFROS", word[n-1]) >= 0 {
		p.Policy, number = word[n-1]|0x20, word[:n-1]
	}
	level, err := strconv.ParseUint(number, 0, 8)
	if err != nil {
		return p, fmt.Errorf("bad priority %q", word)
	}
	p.Level = int(level)
	return p, nil
}

// Set gives a thread, by the kernel's number or 0 for the caller, the priority.
//
// With f and r, and s, which Linux does not have, it is a real-time one, 99 at
// most. Else it becomes a nice value, which 10 is the middle of. The error is
// EPERM or EACCES where that is not allowed.
func (p Priority) Set(tid int) error {
	switch p.Policy {
	case 'f', 's':
		return p.realtime(tid, unix.SCHED_FIFO)
	case 'r':
		return p.realtime(tid, unix.SCHED_RR)
	case 'o':
		if err := unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: p.nice()}, 0); err != nil {
			return fmt.Errorf("set priority %v: %w", p, err)
		}
		return nil
	}
	if err := unix.Setpriority(unix.PRIO_PROCESS, tid, int(p.nice())); err != nil {
		return fmt.Errorf("set priority %v: %w", p, err)
	}
	return nil
}

// SetSelf gives all threads of this process the priority, which must have no policy. If
// the process leads a session, the session gets it, too: between sessions Linux's
// scheduler looks at that alone (sched(7), autogroup).
func (p Priority) SetSelf() error {
	if err := EachThread(p.Set); err != nil {
		return err
	}
	if session, err := unix.Getsid(0); err != nil || session != os.Getpid() {
		return err
	}
	err := os.WriteFile("/proc/self/autogroup", []byte(strconv.Itoa(int(p.nice()))), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // this kernel has none
	}
	return err
}

// Permit lets this process have the priority, also when it has given up being root
// (getrlimit(2), RLIMIT_NICE).
func (p Priority) Permit() error {
	limit := uint64(20 - p.nice())
	if err := unix.Setrlimit(unix.RLIMIT_NICE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return fmt.Errorf("permit priority %v: %w", p, err)
	}
	return nil
}

// EachThread calls f for all threads of this process. A thread to come is like its
// maker, so that it looks again for those that came meanwhile; they are few, and so are
// the looks. One that has gone is no error.
func EachThread(f func(tid int) error) error {
	const looks = 10
	done := make(map[int]bool)
	for range looks {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		before := len(done)
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil || done[id] {
				continue
			}
			if err := f(id); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
			done[id] = true
		}
		if len(done) == before {
			break
		}
	}
	return nil
}

func (p Priority) nice() int32 { return int32(min(max(ordinary-p.Level, -20), 19)) }

func (p Priority) realtime(tid int, policy uint32) error {
	a := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: uint32(min(max(p.Level, 1), 99))}
	if err := unix.SchedSetAttr(tid, &a, 0); err != nil {
		return fmt.Errorf("set priority %v: %w", p, err)
	}
	return nil
}

// A Runmask is the set of processors that a thread may run on: bit 0 for the
// first. QNX says it as -C 0 -C 1 or as -R 0x3.
type Runmask uint64

// Add reads what stands after -C or -R and adds its processors.
func (m *Runmask) Add(letter rune, word string) error {
	n, err := strconv.ParseUint(word, 0, 64)
	switch {
	case err != nil, letter == 'C' && n > 63, letter == 'R' && n == 0:
		return fmt.Errorf("bad processor -%c %s", letter, word)
	case letter == 'C':
		n = 1 << n
	}
	*m |= Runmask(n)
	return nil
}

// Set lets a thread run on these processors, of which there must be one here.
func (m Runmask) Set(tid int) error {
	var set unix.CPUSet
	for rest := uint64(m); rest != 0; rest &= rest - 1 {
		set.Set(bits.TrailingZeros64(rest))
	}
	if err := unix.SchedSetaffinity(tid, &set); err != nil {
		return fmt.Errorf("set runmask %#x: %w", uint64(m), err)
	}
	return nil
}
