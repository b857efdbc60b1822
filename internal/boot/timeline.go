package boot

import (
	"fmt"
	"path"
	"strings"
	"time"

	"io-pkt/internal/buildfile"
	"io-pkt/internal/qnx"
)

// A Kind is what a line was.
type Kind int

// The kinds of lines.
const (
	KindInternal   Kind = iota // a command of the script itself
	KindWait                   // waitfor, reopen
	KindProgram                // the next line waited for it
	KindBackground             // it did not
	KindStub                   // declared harmless
)

func (k Kind) String() string {
	return [...]string{"internal", "wait", "program", "background", "stub"}[k]
}

// A Timeline is what started when, and how long it took.
type Timeline struct {
	Total  time.Duration
	Events []Event
}

// An Event is a line that was run. Times are from the beginning.
type Event struct {
	Line       int
	Text       string
	Kind       Kind
	Start, End time.Duration // End is that of the run when Left
	Left       bool          // it ran until the end
	Failure    string        // empty when it did what it should
}

// An event is one that is recorded.
type event struct {
	command    buildfile.Command
	kind       Kind
	start, end time.Time
	process    *process
	err        error
}

// waited reports whether the line took as long as it liked, so that the end of the
// run may have cut it off. The others are done at once.
func (e *event) waited() bool {
	return e != nil && (e.kind == KindProgram || e.kind == KindWait)
}

// failed reports whether the line failed. The status of slay tells how many
// processes it found.
func (e *event) failed() bool {
	return e.err != nil || e.process != nil && e.process.exitStatus() != 0 && path.Base(e.command.Args[0]) != "slay"
}

// timeline is called when all processes have ended. What ended by the end of the
// run, and not by itself, has not failed.
func (r *runner) timeline() Timeline {
	now := r.ended
	t := Timeline{Total: now.Sub(r.begin)}
	for _, e := range r.events {
		end, failure := e.end, ""
		if e.process != nil && r.processes.hasEnded(e.process) {
			end = e.process.ended
		}
		left := end.IsZero() || end.After(now)
		switch {
		case left:
			end = now
		case e.err != nil:
			failure = qnx.ErrnoText(qnx.Errno(e.err))
		case e.failed():
			failure = fmt.Sprintf("status %d", e.process.exitStatus())
		}
		t.Events = append(t.Events, Event{
			Line: e.command.Pos.Line, Text: e.command.Text, Kind: e.kind,
			Start: e.start.Sub(r.begin), End: end.Sub(r.begin), Left: left, Failure: failure,
		})
	}
	return t
}

// Text gives the timeline as a table.
func (t Timeline) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%9s %9s %-10s %5s  %s\n", "start", "took", "kind", "line", "command")
	for _, e := range t.Events {
		took := fmt.Sprintf("%9.3f", (e.End - e.Start).Seconds())
		if e.Left {
			took = "        -"
		}
		fmt.Fprintf(&b, "%9.3f %s %-10s %5d  %s", e.Start.Seconds(), took, e.Kind, e.Line, e.Text)
		if e.Failure != "" {
			fmt.Fprintf(&b, "  # %s", e.Failure)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%9.3f in all\n", t.Total.Seconds())
	return b.String()
}
