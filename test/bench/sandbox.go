package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An outcome is what the bench in a sandbox tells the one outside.
type outcome struct {
	Figures  []Figure
	Failures []string
}

// sandbox measures a part in namespaces of its own: this command starts itself
// again as the first process of a process namespace. When that ends, however it
// ends, the kernel ends all it has started and removes the interfaces.
func (b *bench) sandbox(ctx context.Context, dir, part string) ([]Figure, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	own := filepath.Join(dir, part)
	if err := os.Mkdir(own, 0o755); err != nil {
		return nil, err
	}
	args := []string{"-inside", own, "-only", part, "-bin", b.bin}
	if b.quick {
		args = append(args, "-quick")
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID,
		Setpgid:    true, // the terminal's Ctrl-C is for us
		Pdeathsig:  unix.SIGKILL,
	}
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, b.progress
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("namespaces are for root only: %w", err)
	} else if err != nil {
		return nil, err
	}
	var o outcome
	if err := json.Unmarshal(stdout.Bytes(), &o); err != nil {
		return nil, fmt.Errorf("what the sandbox tells: %w", err)
	}
	b.failures = append(b.failures, o.Failures...)
	return o.Figures, nil
}

// insideSandbox is what the command does in the sandbox.
func (b *bench) insideSandbox(ctx context.Context, stdout io.Writer) error {
	if err := furnish(ctx); err != nil {
		return err
	}
	bin, err := filepath.Abs(b.bin)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"PATH":   bin + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin",
		"SOCK":   b.inside, // the commands' prefix
		"TMPDIR": b.inside, // who is killed leaves things there
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	var o outcome
	switch part := b.only[0]; part {
	case "floor":
		o.Figures, err = b.floor(ctx)
	case "start":
		o.Figures, err = b.start(ctx)
	case "idle":
		o.Figures, err = b.idle(ctx)
	default:
		err = fmt.Errorf("%s is nothing for a sandbox", part)
	}
	if err != nil {
		return err
	}
	o.Failures = b.failures
	return json.NewEncoder(stdout).Encode(o)
}

// furnish makes the namespaces fit to live in: with a /proc that shows the
// processes here, a /run whose network namespaces nobody else sees, and another
// network namespace, "far".
func furnish(ctx context.Context) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	return commands(ctx, "ip link set lo up", "ip netns add far", "ip -n far link set lo up")
}

// commands runs commands, of words without blanks, one after the other.
func commands(ctx context.Context, lines ...string) error {
	for _, line := range lines {
		words := strings.Fields(line)
		if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// A stack is an io-usb with simulated devices, and an io-pkt that drives them.
type stack struct{ usb, pkt *exec.Cmd }

// newStack starts both, and waits for count interfaces.
func (b *bench) newStack(ctx context.Context, devices string, count int) (*stack, error) {
	bus := filepath.Join(b.inside, "io-usb")
	s := &stack{
		usb: exec.CommandContext(ctx, "io-usb", "--foreground", "-d", "sim", devices, "-n", bus),
		pkt: exec.CommandContext(ctx, "io-pkt-v4-hc", "--foreground", "-d", "ecm", "path="+bus, "-ptcpip", "prefix="+b.inside),
	}
	for _, cmd := range []*exec.Cmd{s.usb, s.pkt} {
		if err := cmd.Start(); err != nil {
			s.stop()
			return nil, err
		}
	}
	for n := range count {
		if err := commands(ctx, fmt.Sprintf("if_up -p -r 60 ecm%d", n)); err != nil {
			s.stop()
			return nil, err
		}
	}
	return s, nil
}

// stop ends both, and waits for that.
func (s *stack) stop() {
	for _, cmd := range []*exec.Cmd{s.pkt, s.usb} {
		if cmd.Process == nil {
			continue
		}
		// Either can have ended by itself, and then something else has failed.
		_ = cmd.Process.Signal(unix.SIGTERM)
		_ = cmd.Wait()
	}
}
