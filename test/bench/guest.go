package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// guest measures a part in a guest of scripts/vm, which boots for it.
func (b *bench) guest(ctx context.Context, dir, part string) ([]Figure, error) {
	share := filepath.Join(dir, part)
	if err := b.fillShare(share); err != nil {
		return nil, err
	}
	var args []string
	var minutes int
	switch part {
	case "compare":
		args = []string{strconv.Itoa(b.pick(1, 2)), strconv.Itoa(b.pick(1, 5)), "high", "super"}
		minutes = b.pick(10, 30)
	case "scale":
		args = []string{strconv.Itoa(b.pick(1, 2)), strconv.Itoa(b.pick(1, 3)), "1", "2", "4", "8"}
		minutes = b.pick(10, 20)
	}
	samples, err := b.rounds(ctx, share, part, minutes, args)
	if kernel, err := os.ReadFile(filepath.Join(share, "kernel")); err == nil {
		b.kernel = strings.TrimSpace(string(kernel))
	}
	if ctx.Err() != nil {
		return nil, err
	}
	return b.figures(part, samples), err
}

// rounds runs a part's script until it has done as many rounds as its second
// argument says. A guest whose processors run in parallel dies now and then (see
// scripts/vm): another one does the rest.
func (b *bench) rounds(ctx context.Context, share, part string, minutes int, args []string) ([]sample, error) {
	const tries = 3
	path := filepath.Join(share, "samples")
	var all []sample
	for try := 1; ; try++ {
		b.say("%s: a guest boots", part)
		samples, err := b.sampled(ctx, path, func() error { return b.boot(ctx, share, part, minutes, args) })
		all = append(all, samples...)
		if err == nil || ctx.Err() != nil || try == tries {
			return all, err
		}
		rounds, convErr := strconv.Atoi(args[1])
		if convErr != nil {
			return all, convErr
		}
		args[1] = strconv.Itoa(rounds - whole(samples))
		b.say("%s: %v", part, err)
	}
}

// whole counts the rounds that were begun and not the last.
func whole(samples []sample) int {
	begun := 0
	for _, s := range samples {
		if s.what() == samples[0].what() {
			begun++
		}
	}
	return max(begun-1, 0)
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

// boot runs a part's script in a guest. What it says is of interest only when it
// fails.
func (b *bench) boot(ctx context.Context, share, part string, minutes int, args []string) error {
	words := append([]string{"run", "-p", "-t", strconv.Itoa(minutes * 60), "-s", share, "test/bench/testdata/" + part + ".sh"}, args...)
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
