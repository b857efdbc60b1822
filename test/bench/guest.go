package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// guest measures a part in a guest of scripts/vm, which boots for it.
func (b *bench) guest(ctx context.Context, dir string, p program) ([]Figure, error) {
	share := filepath.Join(dir, p.part)
	if err := b.fillShare(share); err != nil {
		return nil, err
	}
	samples, err := b.run(ctx, share, p, b.pick(1, 2))
	if kernel, err := os.ReadFile(filepath.Join(share, "kernel")); err == nil {
		b.kernel = strings.TrimSpace(string(kernel))
	}
	if ctx.Err() != nil {
		return nil, err
	}
	return b.figures(p.part, samples), err
}

// A program is what a part has turns.sh do, and what on.
type program struct {
	part    string
	machine []string // options of scripts/vm
	minutes int      // the most that it may take
	rounds  int
	gadgets string // numbers of gadgets that work at once
	speeds  string
	tests   []string // functions of measure.sh, with their words
}

// program gives a part's, if it needs a guest.
func (b *bench) program(part string) (p program, ok bool) {
	p = program{part: part, machine: parallel, minutes: b.pick(10, 30), gadgets: "1", speeds: "high super"}
	tcp, far := []string{"tcp out 1", "tcp in 1", "tcp both 1"}, []string{"far out 1", "far out 8"}
	switch part {
	case "compare":
		p.rounds = b.pick(1, 5)
		p.tests = slices.Concat(tcp, []string{"tcp out 8", "tcp in 8", "tcp both 8", "udp out", "udp in", "rtt idle", "rtt loaded"}, far)
	case "count":
		p.machine, p.rounds = counting, b.pick(1, 2)
		p.tests = slices.Concat(tcp, []string{"tcp out 8", "rtt idle", "rtt loaded"}, far)
	case "scale":
		p.rounds = b.pick(1, 3)
		p.gadgets, p.speeds, p.tests = "1 2 4 8", "high", tcp[:2]
	case "growth":
		p.machine, p.rounds = counting, 1
		p.gadgets, p.speeds, p.tests = "1 2 4 8", "high", tcp[:2]
	case "slow":
		p.rounds = b.pick(1, 3)
		p.speeds, p.tests = "5ms 1ms", []string{"tcp out 1", "tcp out 8", "behind 1", "behind 8"}
	default:
		return program{}, false
	}
	return p, true
}

// Guests, as options of scripts/vm. In one the two processors run at once, as those of
// a real machine do, and share what that machine has to give. In the other there is
// one, and its clock goes on by 2 ns with each instruction, however long that takes,
// so that the same work always takes the same time.
var (
	parallel = []string{"-p"}
	counting = []string{"-q", "-smp 1 -icount shift=1,sleep=off"}
)

// run has a part's rounds done, in tests of so many seconds.
func (b *bench) run(ctx context.Context, share string, p program, seconds int) ([]sample, error) {
	path := filepath.Join(share, "samples")
	return b.inTries(ctx, p, func(p program) ([]sample, error) {
		return b.sampled(ctx, path, func() error { return boot(ctx, share, p, seconds) })
	})
}

// inTries has a guest do a part's rounds. One whose processors run in parallel dies now
// and then (see scripts/vm): another one does the rest, and the round that was broken off
// as a whole. What that has left would be a run more for one driver than for the other.
func (b *bench) inTries(ctx context.Context, p program, guest func(program) ([]sample, error)) ([]sample, error) {
	const tries = 3
	var all []sample
	for try := 1; ; try++ {
		b.say("%s: a guest boots", p.part)
		samples, err := guest(p)
		if err == nil || ctx.Err() != nil || try == tries {
			return append(all, samples...), err
		}
		rounds, kept := whole(samples)
		p.rounds -= rounds
		all = append(all, kept...)
		b.say("%s: %v", p.part, err)
	}
}

// whole counts the rounds that were begun and not the last, and gives their samples.
func whole(samples []sample) (rounds int, kept []sample) {
	var begun []int
	for i, s := range samples {
		if s.what() == samples[0].what() {
			begun = append(begun, i)
		}
	}
	if len(begun) == 0 {
		return 0, nil
	}
	rounds = len(begun) - 1
	return rounds, samples[:begun[rounds]]
}

// fillShare makes the directory that is the guest's /share: the commands in bin,
// and the scripts.
func (b *bench) fillShare(share string) error {
	if err := os.CopyFS(filepath.Join(share, "bin"), os.DirFS(b.bin)); err != nil {
		return err
	}
	for _, path := range []string{"test/vm/testdata/lib.sh", "test/bench/testdata/drivers.sh", "test/bench/testdata/measure.sh"} {
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(filepath.Join(share, filepath.Base(path)), data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// boot runs turns.sh in a guest. What it says is of interest only when it fails.
func boot(ctx context.Context, share string, p program, seconds int) error {
	words := slices.Concat([]string{"run"}, p.machine, []string{"-t", strconv.Itoa(p.minutes * 60), "-s", share,
		"test/bench/testdata/turns.sh", strconv.Itoa(seconds), strconv.Itoa(p.rounds), p.gadgets, p.speeds}, p.tests)
	cmd := exec.CommandContext(ctx, "scripts/vm", words...)
	// Asked to end, the script ends its QEMU and removes what it made. It is asked
	// once: the terminal's Ctrl-C is for us, or it would be disturbed at that.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("scripts/vm: %w\n%s", err, out)
	}
	return nil
}
