package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/songgao/water"
)

// floor measures the way through a simulated device, from the kernel over io-pkt,
// USB/IP and io-usb to the kernel again, and the shortest way there can be for a
// program that moves frames one by one: two TAPs, and a loop between them.
func (b *bench) floor(ctx context.Context) ([]Figure, error) {
	path := filepath.Join(b.inside, "samples")
	samples, err := b.sampled(ctx, path, func() error {
		for range b.pick(1, 5) {
			if err := b.throughCopies(ctx, path); err != nil {
				return err
			}
			if err := b.throughDevice(ctx, path); err != nil {
				return err
			}
		}
		return nil
	})
	return b.figures("floor", samples), err
}

// throughDevice measures io-pkt.
func (b *bench) throughDevice(ctx context.Context, path string) error {
	s, err := b.newStack(ctx, "net=tap,tap=far0,netns=far,addr=10.9.0.2/24", 1)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := commands(ctx, "ifconfig ecm0 10.9.0.1/24"); err != nil {
		return err
	}
	return b.script(ctx, path, ours)
}

// throughCopies measures the loop.
func (b *bench) throughCopies(ctx context.Context, path string) error {
	near, err := newTAP("near0")
	if err != nil {
		return err
	}
	defer near.Close()
	far, err := newTAP("far0")
	if err != nil {
		return err
	}
	defer far.Close()
	defer copyFrames(near, far)()
	err = commands(ctx, "ip link set far0 netns far",
		"ip addr add 10.9.0.1/24 dev near0", "ip -n far addr add 10.9.0.2/24 dev far0",
		"ip link set near0 up", "ip -n far link set far0 up")
	if err != nil {
		return err
	}
	return b.script(ctx, path, "copy loop")
}

// script runs floor.sh, which measures what is between the two namespaces.
func (b *bench) script(ctx context.Context, path, driver string) error {
	cmd := exec.CommandContext(ctx, "bash", "test/bench/testdata/floor.sh", path, strconv.Itoa(b.pick(1, 2)), driver)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("floor.sh %s: %w\n%s", driver, err, out)
	}
	return nil
}

func newTAP(name string) (*water.Interface, error) {
	tap, err := water.New(water.Config{
		DeviceType:             water.TAP,
		PlatformSpecificParams: water.PlatformSpecificParams{Name: name},
	})
	if err != nil {
		return nil, fmt.Errorf("making a TAP: %w", err)
	}
	return tap, nil
}

// copyFrames copies what one gives to the other, both ways, in two goroutines. They
// end when both are closed; the function that it returns closes them and waits.
func copyFrames(a, b io.ReadWriteCloser) (stop func()) {
	var copies sync.WaitGroup
	copies.Go(func() { copyOneWay(a, b) })
	copies.Go(func() { copyOneWay(b, a) })
	return func() {
		a.Close()
		b.Close()
		copies.Wait()
	}
}

// copyOneWay ends when from is closed. That a frame cannot be written is no reason
// to: the other interface may be down yet.
func copyOneWay(to io.Writer, from io.Reader) {
	frame := make([]byte, 2048)
	for {
		n, err := from.Read(frame)
		if errors.Is(err, os.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
			return
		}
		if err == nil {
			_, _ = to.Write(frame[:n])
		}
	}
}
