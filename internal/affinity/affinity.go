// Package affinity keeps the process off the processor that serves the interrupts.
//
// A thread that moves frames and the interrupts that bring them take turns where they
// share a processor, and the kernel's scheduler puts them there as often as not, also
// when another one is idle. With Linux's ECM gadget and dummy_hcd, in the guest of
// scripts/vm and traced, TCP out has 300 to 350 Mb/s on the processor of dummy_hcd's
// timer and 610 to 720 on the other one; in it is 290 to 350 and 370 to 380.
package affinity

import (
	"bytes"
	"cmp"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/process"
)

const (
	// userHz is the unit of /proc/stat, in 1/s; it is the same on all machines that Go
	// runs on.
	userHz = 100

	// window is how long is looked, at least.
	window = 250 * time.Millisecond

	// busy is how many rounds there are in a window where it matters.
	busy = 64

	// clearly is how much more of a processor's time interrupts must take than of the
	// least disturbed one's.
	clearly = 0.1

	// Pauses between two looks, which get longer: /proc/stat costs some milliseconds
	// on a large machine, and interrupts seldom move.
	firstPause   = time.Second
	longestPause = time.Minute
)

// A Keeper keeps this process off, all of its threads: which one a goroutine runs on
// changes, and to lock it to one would have each of the runtime's preemptions wait for
// two others. There should be one Keeper. The zero value is ready, and belongs to one
// goroutine at a time.
type Keeper struct {
	stat    string      // "" for /proc/stat
	allowed unix.CPUSet // where others have put the process
	chosen  unix.CPUSet // where we have

	rounds int
	mark   time.Time     // when they began to count
	passed time.Duration // how long the last window was
	before []uint64
	pause  time.Duration // after the last look
}

// Due is told of each round of work, and says when Settle should be called. A
// process that has little to do is left alone.
func (k *Keeper) Due(now time.Time) bool {
	k.rounds++
	k.passed = now.Sub(k.mark)
	if k.passed < window {
		return false
	}
	often := k.rounds >= busy && k.passed < 2*window
	k.mark, k.rounds = now, 0
	if !often {
		k.before = nil
	}
	return often
}

// Again forgets the pause after the last look, because there are more movers now, or
// fewer.
func (k *Keeper) Again() { k.mark, k.before, k.pause = time.Time{}, nil, 0 }

// Settle looks where the interrupts are, when it is called for the second time in a
// row, and lets the process run on all other processors that it may use. movers says
// how many goroutines move frames: where there are as many as processors, each of these
// is needed. What somebody else decides for the first thread (taskset(1)) is the frame
// in which that happens. Errors leave the process where it is.
func (k *Keeper) Settle(now time.Time, movers int) error {
	stat, err := os.ReadFile(cmp.Or(k.stat, "/proc/stat"))
	if err != nil {
		return err
	}
	before, after := k.before, interrupts(stat)
	k.before = after
	if before == nil {
		return nil
	}
	k.before = nil
	k.pause = min(max(2*k.pause, firstPause), longestPause)
	k.mark = now.Add(k.pause)

	var current unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getpid(), &current); err != nil {
		return err
	}
	if current != k.chosen {
		k.allowed = current
	}
	k.chosen = current
	want := k.allowed
	if movers < k.allowed.Count() {
		if worst, ok := mostDisturbed(before, after, k.passed, k.allowed); ok {
			want.Clear(worst)
		} else {
			want = current
		}
	}
	if want == current {
		return nil
	}
	k.chosen = want
	return move(want)
}

// move sets the affinity of all threads.
func move(set unix.CPUSet) error {
	return process.EachThread(func(tid int) error { return unix.SchedSetaffinity(tid, &set) })
}

// mostDisturbed gives the processor of a set that has served interrupts for the
// largest part of the time that passed, if that is clearly more than for the others.
func mostDisturbed(before, after []uint64, passed time.Duration, set unix.CPUSet) (cpu int, ok bool) {
	most, least := -1.0, 2.0
	for i := range min(len(before), len(after)) {
		if !set.IsSet(i) || after[i] < before[i] {
			continue
		}
		part := float64(after[i]-before[i]) / (passed.Seconds() * userHz)
		if part > most {
			most, cpu = part, i
		}
		least = min(least, part)
	}
	return cpu, most-least >= clearly
}

// interrupts takes from /proc/stat how long each processor has served interrupts, of
// both kinds (proc_stat(5): irq and softirq), by its number. Processors that are
// off have no line.
func interrupts(stat []byte) []uint64 {
	const irq, softirq = 6, 7 // fields
	var all []uint64
	for line := range bytes.Lines(stat) {
		f := bytes.Fields(line)
		if len(f) <= softirq || !bytes.HasPrefix(f[0], []byte("cpu")) {
			continue
		}
		cpu, err := strconv.Atoi(string(f[0][len("cpu"):]))
		if err != nil || cpu < 0 || cpu >= 1<<16 {
			continue // the sum of all
		}
		hard, err1 := strconv.ParseUint(string(f[irq]), 10, 64)
		soft, err2 := strconv.ParseUint(string(f[softirq]), 10, 64)
		if err1 != nil || err2 != nil {
			continue
		}
		for len(all) <= cpu {
			all = append(all, 0)
		}
		all[cpu] = hard + soft
	}
	return all
}
