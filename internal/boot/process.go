package boot

import (
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is what programs get for each signal before the next, harder one.
const patience = 3 * time.Second

// forbidden is what scripts do to a target, and must not do to this machine: to
// set its clock, to reboot it. They belong to the thread, and to what it starts.
var forbidden = []uintptr{unix.CAP_SYS_BOOT, unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_TIME}

// A process is one that was started. Its other fields are set when done is closed.
type process struct {
	done   chan struct{}
	ended  time.Time
	status syscall.WaitStatus
}

// exitStatus gives the status as a shell does.
func (p *process) exitStatus() int {
	if p.status.Signaled() {
		return 128 + int(p.status.Signal())
	}
	return p.status.ExitStatus()
}

// processes are all there are, for this is process 1: those that were started, and
// those that lost their parent. It collects the ended ones until close.
type processes struct {
	signals chan os.Signal
	stop    chan struct{}
	stopped chan struct{}
	changed chan struct{} // has room for one: some have ended

	mu      sync.Mutex
	started map[int]*process
}

func newProcesses() *processes {
	p := &processes{
		signals: make(chan os.Signal, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
		changed: make(chan struct{}, 1), started: make(map[int]*process),
	}
	signal.Notify(p.signals, unix.SIGCHLD)
	go p.collect()
	return p
}

func (p *processes) close() {
	signal.Stop(p.signals)
	close(p.stop)
	<-p.stopped
}

// start starts a program. The lock is held meanwhile, for its end must not be seen
// before its number is known.
func (p *processes) start(path string, args []string, attr *syscall.ProcAttr) (*process, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, c := range forbidden {
		// Where there is no such capability, nothing is lost.
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	pid, err := syscall.ForkExec(path, args, attr)
	if err != nil {
		return nil, err
	}
	started := &process{done: make(chan struct{})}
	p.started[pid] = started
	return started, nil
}

// hasEnded reports whether a process has ended. It waits for a collection that is
// under way: what none says is seen before that is done.
func (p *processes) hasEnded(one *process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-one.done:
		return true
	default:
		return false
	}
}

// collect ends with close.
func (p *processes) collect() {
	defer close(p.stopped)
	for {
		select {
		case <-p.signals:
		case <-p.stop:
			return
		}
		for p.reap() {
		}
		select {
		case p.changed <- struct{}{}:
		default:
		}
	}
}

// reap collects one process, if one has ended.
func (p *processes) reap() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if err == syscall.EINTR {
		return true
	}
	if err != nil || pid <= 0 {
		return false
	}
	if started := p.started[pid]; started != nil {
		delete(p.started, pid)
		started.status, started.ended = status, time.Now()
		close(started.done)
	}
	return true
}

// none reports whether there is no process left.
func (p *processes) none() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}

// wait waits until no process is left; false if stop comes first.
func (p *processes) wait(stop <-chan struct{}) bool {
	for !p.none() {
		select {
		case <-p.changed:
		case <-stop:
			return false
		}
	}
	return true
}

// end ends all processes. The servers among them get the time to clean up. Outside
// of a namespace of its own, all would be too many.
func (p *processes) end() {
	if os.Getpid() != 1 {
		return
	}
	for _, s := range []unix.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGKILL} {
		if p.none() {
			return
		}
		_ = unix.Kill(-1, s) // all but this one
		over := make(chan struct{})
		timer := time.AfterFunc(patience, func() { close(over) })
		gone := p.wait(over)
		timer.Stop()
		if gone {
			return
		}
	}
}
