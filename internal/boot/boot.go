// Package boot runs the start-up scripts of a buildfile on Linux, as QNX's first
// program does on the target: line by line, with the same words on the console.
//
//	Enclose   starts the command again, in namespaces of its own, and waits
//	Enter     there, shows the target's paths: ROOT's /dev and /tmp, the rest of
//	          the machine as it is, but not to be written
//	Run       there, goes through the lines, and ends what they started
//
//	the user's shell
//	  '-- buildfile run X        waits, and removes what was made for the run
//	        '-- buildfile        process 1 of the namespace; dies with the above
//	              '-- io-usb, io-pkt-v4-hc, sh ...; all die with process 1
//
// A run therefore leaves no process behind, whatever becomes of it. Run starts a
// goroutine that collects ended processes; it ends before Run returns. Check, and
// what draws a Timeline, start and change nothing. For each session that
// has the terminal in the background there is another, which ends with it.
package boot

import (
	"context"
	"os"
	"time"

	"io-pkt/internal/buildfile"
)

// Options are what a run can be told.
type Options struct {
	Program  []buildfile.Command
	Stubs    Stubs
	Simulate *string // the options of "io-usb -d sim", instead of real controllers
	After    string  // a command line for sh when the script is through
	Stay     bool    // without After: until all programs have ended

	Stdin, Console *os.File
}

// A Result is how a run went.
type Result struct {
	Timeline Timeline
	Failed   int                // lines that failed
	Through  bool               // all lines were run
	At       *buildfile.Command // without Through: the line that was under way, or the next
	Status   int                // of After
}

// Run runs the program, inside of what Enter made, as process 1. It ends early
// when ctx does. In any case all processes have ended when it returns.
func Run(ctx context.Context, o Options) Result {
	r := &runner{Options: o, processes: newProcesses(), begin: time.Now(), console: o.Console, env: o.environment()}
	defer r.processes.close()
	result := r.run(ctx)
	r.ended = time.Now()
	r.processes.end()
	r.sessions.Wait()
	result.Timeline = r.timeline()
	for _, e := range result.Timeline.Events {
		if e.Failure != "" && e.Line > 0 {
			result.Failed++
		}
	}
	return result
}
