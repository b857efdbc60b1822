package main

import (
	"fmt"
	"os"

	"io-pkt/internal/getopt"
	"io-pkt/internal/process"
	"io-pkt/slog"
)

// QNX's priorities. That of the stack is above those of the programs whose frames it
// moves, which is 10. Without that they take turns with it as equals, and it is slower
// where the processor is all that limits it: on one processor, whose instructions are
// counted (doc/bench.md), TCP out has 332 Mb/s and 379 with it, in 393 and 407, both
// ways 354 and 385.
const (
	minPriority     = 1
	maxPriority     = 255
	defaultPriority = 21
)

// priority gives what -P asks for, if that is a priority; else the default.
func (a arguments) priority() (p process.Priority, asked bool) {
	n, _ := getopt.Number(a.values['P'])
	if n < minPriority || n > maxPriority {
		return process.Priority{Level: defaultPriority}, false
	}
	return process.Priority{Level: int(n)}, true
}

// prioritize sets the priority. If somebody else has set another one (nice(1), chrt(1),
// "on -p"), only -P counts.
func (l logger) prioritize(a arguments) {
	p, asked := a.priority()
	if !asked {
		self, err := process.Read(process.Proc, os.Getpid())
		if err != nil || self.Priority() != process.Ordinary {
			return
		}
	}
	if err := p.SetSelf(); err != nil && asked {
		l.put(slog.Warning, fmt.Sprintf("option -P: %v", err))
	}
}
