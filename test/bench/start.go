package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// netTools is what the commands are compared with. It is named by its path: PATH
// has ours.
const netTools = "/usr/sbin/ifconfig"

// start measures how long the commands take which scripts call again and again,
// from fork to exit, with an io-pkt that has one interface.
func (b *bench) start(ctx context.Context) ([]Figure, error) {
	s, err := b.newStack(ctx, "net=none", 1)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	lines := [][]string{
		{netTools, "ecm0"}, // what the others are compared with
		{"ifconfig", "ecm0"},
		{"if_up", "-p", "ecm0"},
		{"sloginfo"},
		{"nicinfo", "ecm0"},
		{"if_up", "--help"}, // asks nobody: what it costs to be a program
	}
	times := make([][]float64, len(lines))
	count := b.pick(20, 100)
	b.say("start: %d commands, %d times each", len(lines), count)
	for range count {
		for i, line := range lines {
			begin := time.Now()
			if err := exec.CommandContext(ctx, line[0], line[1:]...).Run(); err != nil {
				return nil, fmt.Errorf("%s: %w", line[0], err)
			}
			times[i] = append(times[i], float64(time.Since(begin).Microseconds())/1000)
		}
	}
	var figures []Figure
	base := newSeries("ifconfig of net-tools", times[0])
	for i, line := range lines[1:] {
		f := Figure{Part: "start", Name: strings.Join(line, " "), Unit: "ms", Less: true}
		figures = append(figures, f.compared(newSeries("ours", times[i+1]), base))
	}
	return figures, nil
}
