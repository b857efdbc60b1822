package affinity

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stat is what /proc/stat says on a machine with processor 2 off.
const stat = `cpu  100 0 200 3000 5 11 22 0 0 0
cpu0 50 0 100 1500 2 10 20 0 0 0
cpu1 40 0 90 1400 2 1 2 0 0 0
cpu3 10 0 10 100 1 0 0 0 0 0
intr 12345 0 9 0 0
ctxt 999
softirq 345 1 2 3
`

func TestInterrupts(t *testing.T) {
	if got, want := interrupts([]byte(stat)), []uint64{30, 3, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, odd := range []string{"", "cpu", "cpu0", "cpu0 1 2 3 4 5 6 x 8", "cpu-1 1 2 3 4 5 6 7", "cpu99999999 1 2 3 4 5 6 7"} {
		if got := interrupts([]byte(odd)); len(got) != 0 {
			t.Errorf("%q: %v", odd, got)
		}
	}
}

func TestMostDisturbed(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after []uint64
		set           []int
		cpu           int
		ok            bool
	}{
		{"one of two", []uint64{100, 100}, []uint64{101, 140}, []int{0, 1}, 1, true},
		{"not clear", []uint64{100, 100}, []uint64{110, 115}, []int{0, 1}, 1, false},
		{"not ours", []uint64{0, 0, 0}, []uint64{90, 20, 1}, []int{1, 2}, 1, true},
		{"the only one", []uint64{0, 0}, []uint64{0, 90}, []int{1}, 1, false},
		{"one comes", []uint64{0}, []uint64{50, 100}, []int{0, 1}, 0, false},
		{"one went away and came back", []uint64{0, 100, 0}, []uint64{0, 50, 50}, []int{0, 1, 2}, 2, true},
	} {
		var set unix.CPUSet
		for _, cpu := range c.set {
			set.Set(cpu)
		}
		if cpu, ok := mostDisturbed(c.before, c.after, time.Second, set); ok != c.ok || ok && cpu != c.cpu {
			t.Errorf("%s: %d, %v", c.name, cpu, ok)
		}
	}
}

// A process with much to do is kept off the processor that serves the interrupts,
// within what it was given, and follows when they move; with as many movers as
// processors, or when somebody else puts it elsewhere, that counts.
func TestKeeper(t *testing.T) {
	k := Keeper{stat: filepath.Join(t.TempDir(), "stat")}
	all := affinity(t)
	defer func() {
		if err := move(all); err != nil {
			t.Error(err)
		}
	}()
	if all.Count() < 2 {
		t.Skip("one processor leaves no choice")
	}
	first, second := nth(all, 0), nth(all, 1)
	now, ticks := time.Now(), map[int]int{}
	// pass lets the longest pause and two busy windows go by, in which one
	// processor serves interrupts.
	pass := func(disturbed, movers int) {
		t.Helper()
		now = now.Add(2 * longestPause)
		for settled := 0; settled < 2; {
			now = now.Add(window / busy)
			if k.Due(now) {
				writeStat(t, k.stat, ticks)
				ticks[disturbed] += 20
				if err := k.Settle(now, movers); err != nil {
					t.Fatal(err)
				}
				settled++
			}
		}
	}
	without := func(cpu int) unix.CPUSet {
		set := all
		set.Clear(cpu)
		return set
	}
	for _, c := range []struct {
		what              string
		disturbed, movers int
		want              unix.CPUSet
	}{
		{"interrupts on one", first, 1, without(first)},
		{"and now on another", second, 1, without(second)},
		{"and on none", -1, 1, without(second)},
		{"as many movers as processors", second, all.Count(), all},
	} {
		pass(c.disturbed, c.movers)
		if got := affinity(t); got != c.want {
			t.Errorf("%s: on %d processors, and not on those", c.what, got.Count())
		}
	}

	var only unix.CPUSet
	only.Set(first)
	if err := move(only); err != nil {
		t.Fatal(err)
	}
	pass(first, 1)
	if got := affinity(t); got != only {
		t.Error("taken from where somebody has put it")
	}
}

// A process with little to do is not looked after, and a look is not repeated soon.
func TestDue(t *testing.T) {
	now := time.Now()
	k := Keeper{stat: filepath.Join(t.TempDir(), "stat")}
	due := func(every time.Duration) int {
		n := 0
		for end := now.Add(10 * window); now.Before(end); now = now.Add(every) {
			if k.Due(now) {
				n++
			}
		}
		return n
	}
	if n := due(window / 10); n != 0 {
		t.Errorf("due %d times with little to do", n)
	}
	for range 2 * busy { // a burst
		k.Due(now)
	}
	now = now.Add(time.Minute)
	if k.Due(now) {
		t.Error("due long after a burst")
	}
	if n := due(window / (2 * busy)); n < 9 {
		t.Errorf("due %d times in ten windows", n)
	}
	writeStat(t, k.stat, nil)
	look := func() {
		for range 2 {
			if err := k.Settle(now, 1000); err != nil {
				t.Fatal(err)
			}
		}
	}
	look()
	for end := now.Add(firstPause); now.Before(end); now = now.Add(window / busy) {
		if k.Due(now) {
			t.Fatal("due again soon after a look")
		}
	}
	look()
	k.Again()
	if n := due(window / (2 * busy)); n < 8 {
		t.Errorf("due %d times in ten windows when the movers have changed", n)
	}
}

// affinity gives where the process may run; all of its threads agree.
func affinity(t *testing.T) (set unix.CPUSet) {
	t.Helper()
	if err := unix.SchedGetaffinity(os.Getpid(), &set); err != nil {
		t.Fatal(err)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name())
		var other unix.CPUSet
		if err := unix.SchedGetaffinity(id, &other); err != nil && err != unix.ESRCH || err == nil && other != set {
			t.Errorf("thread %d of %d: %v, elsewhere", id, len(threads), err)
		}
	}
	return set
}

// nth gives the number of a set's member.
func nth(set unix.CPUSet, n int) int {
	for cpu := 0; ; cpu++ {
		if set.IsSet(cpu) {
			if n == 0 {
				return cpu
			}
			n--
		}
	}
}

func writeStat(t *testing.T, path string, soft map[int]int) {
	t.Helper()
	var b []byte
	for cpu := range 1024 {
		b = fmt.Appendf(b, "cpu%d 0 0 0 0 0 0 %d 0 0 0\n", cpu, soft[cpu])
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
