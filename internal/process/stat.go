package process

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// status is what a line of stat says of a thread.
type status struct {
	comm     string // the kernel's name for it, of 15 bytes at most
	state    byte
	nice     int
	realtime int // 1 to 99, or 0
	policy   int
}

// stat is a line of /proc/PID/stat, as far as it counts here (proc(5)).
type stat struct {
	parent, session int
	tty, started    uint64
	status
}

// Fields of the line, counted from the state, which is field 3 in proc(5).
const (
	fieldState    = 0
	fieldParent   = 1
	fieldSession  = 3
	fieldTTY      = 4
	fieldNice     = 16
	fieldStarted  = 19
	fieldRealtime = 37
	fieldPolicy   = 38
	fields        = 39
)

// parseStat reads the line. A program may give itself any name: what is between
// the first parenthesis and the last.
func parseStat(line string) (stat, error) {
	var s stat
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return s, errors.New("its stat has no name")
	}
	s.comm = line[open+1 : end]
	words := strings.Fields(line[end+1:])
	if len(words) < fields {
		return s, fmt.Errorf("its stat has %d fields", len(words))
	}
	s.state = words[fieldState][0]
	var err error
	number := func(i int) int {
		n, e := strconv.Atoi(words[i])
		if e != nil {
			err = fmt.Errorf("field %d of its stat: %w", i+3, e)
		}
		return n
	}
	s.started = uint64(number(fieldStarted))
	s.parent, s.session, s.tty = number(fieldParent), number(fieldSession), uint64(uint32(number(fieldTTY)))
	s.nice, s.realtime, s.policy = number(fieldNice), number(fieldRealtime), number(fieldPolicy)
	return s, err
}

// Priority gives priority and policy as QNX says them: f for FIFO, r for round
// robin, o for any other.
func (s status) Priority() Priority {
	switch s.policy {
	case unix.SCHED_FIFO:
		return Priority{s.realtime, 'f'}
	case unix.SCHED_RR:
		return Priority{s.realtime, 'r'}
	}
	return Priority{max(ordinary-s.nice, 1), 'o'}
}

// State gives QNX's word for what a thread does, and what it waits for. One that
// waits in the kernel is blocked on process 1, which is QNX's.
func (s status) State() (state, blocked string) {
	switch s.state {
	case 'R':
		return "RUNNING", ""
	case 'T', 't':
		return "STOPPED", ""
	case 'Z', 'X':
		return "DEAD", ""
	}
	return "REPLY", "1"
}
