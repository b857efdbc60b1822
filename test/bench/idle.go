package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// idle measures what io-pkt needs while its interfaces are up and nobody uses them.
func (b *bench) idle(ctx context.Context) ([]Figure, error) {
	var figures []Figure
	for _, count := range []int{1, 8, 32} {
		var memory, each, wakeups []float64
		for range b.pick(1, 2) {
			m, w, err := b.idleWith(ctx, count)
			if err != nil {
				return figures, fmt.Errorf("%s: %w", plural(count, "interface"), err)
			}
			b.say("idle: %s: %.1f MB, woken %.1f times a second", plural(count, "interface"), m, w)
			memory, each, wakeups = append(memory, m), append(each, m/float64(count)), append(wakeups, w)
		}
		f := Figure{Part: "idle", Name: plural(count, "interface") + ": memory (RSS)", Unit: "MB", Less: true, Ours: newSeries(ours, memory)}
		figures = append(figures, f)
		f.Name, f.Ours = plural(count, "interface")+": memory for each", newSeries(ours, each)
		figures = append(figures, f)
		f.Name, f.Unit, f.Ours = plural(count, "interface")+": wake-ups", "1/s", newSeries(ours, wakeups)
		figures = append(figures, f)
	}
	return figures, nil
}

// idleWith gives the megabytes, and how often a second one of io-pkt's threads
// was woken.
func (b *bench) idleWith(ctx context.Context, count int) (memory, wakeups float64, err error) {
	s, err := b.newStack(ctx, fmt.Sprintf("net=none,count=%d", count), count)
	if err != nil {
		return 0, 0, err
	}
	defer s.stop()
	for n := range count {
		if err := commands(ctx, fmt.Sprintf("ifconfig ecm%d 10.9.%d.1/24", n, n)); err != nil {
			return 0, 0, err
		}
	}
	proc := fmt.Sprintf("/proc/%d", s.pkt.Process.Pid)
	pause(ctx, 3*time.Second) // the kernel has something to say on new interfaces
	before, err := sumStatus(proc+"/task/*/status", "voluntary_ctxt_switches")
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	pause(ctx, time.Duration(b.pick(3, 5))*time.Second)
	after, err := sumStatus(proc+"/task/*/status", "voluntary_ctxt_switches")
	if err != nil {
		return 0, 0, err
	}
	wakeups = float64(after-before) / time.Since(begin).Seconds()
	memory, err = resident(proc + "/status")
	return memory, wakeups, err
}

// resident gives the megabytes that a process has in memory. What the kernel calls kB
// is 1024 bytes.
func resident(status string) (float64, error) {
	kib, err := sumStatus(status, "VmRSS")
	return float64(kib) * 1024 / 1e6, err
}

// pause lets time pass.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// sumStatus adds up a number of some files in the form of /proc/PID/status. A file
// that is gone meanwhile, with its thread, does not count.
func sumStatus(pattern, field string) (int, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return 0, err
	}
	sum, found := 0, false
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n, err := statusField(data, field); err == nil {
			sum, found = sum+n, true
		}
	}
	if !found {
		return 0, fmt.Errorf("%s: %s: not there", pattern, field)
	}
	return sum, nil
}

// statusField gives a number of /proc/PID/status, without its unit.
func statusField(status []byte, field string) (int, error) {
	for line := range bytes.Lines(status) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		if words := bytes.Fields(value); string(key) == field && len(words) > 0 {
			return strconv.Atoi(string(words[0]))
		}
	}
	return 0, errors.New("no such field")
}
