// Package daemon turns a command into a background process, the way QNX's
// servers do it: the command that was typed ends, with status 0, when the
// server behind it is ready, so that the next line of a script can use it.
//
//	d, status, err := daemon.Start(args)
//	if d == nil {
//		... print err, if any; return status
//	}
//	... open sockets
//	d.Ready()
//	... serve
//
// A Go program cannot fork, so Start runs the same program again, with the same
// arguments, in a session of its own, and waits. The second process has the
// same standard input, output and error, the same working directory and the
// same argument list, which is what ps shows and what scripts look for. Whoever
// captures the command's output therefore waits for the server's end, as on QNX.
//
// A Daemon lives from Start to Ready. The package starts no goroutines.
package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// variable tells the second process which descriptor is its end of the pipe,
// and the pipe's inode: "3:12345". Without the inode a variable that somebody
// has left in the environment would be believed.
const variable = "IO_PKT_READY_PIPE"

// A Daemon is the background process's tie to the command that started it.
type Daemon struct {
	mu   sync.Mutex
	pipe *os.File // nil once Ready was called
}

// Start must be called early: what a program does before, it does twice. args
// is os.Args.
//
// In the background process it gives a Daemon. In the process that was started
// by hand it returns when that one is ready or has ended, with no Daemon and the
// status to exit with: 0 if it is ready; if it ended before, its exit status,
// or 128 and the signal's number. An error means that there is no background
// process; the status is 1 then.
func Start(args []string) (d *Daemon, status int, err error) {
	if d := inherited(); d != nil {
		SetName(args)
		return d, 0, nil
	}
	status, err = start(args)
	if err != nil {
		return nil, 1, fmt.Errorf("start the background process: %w", err)
	}
	return nil, status, nil
}

// Ready lets the command that started this process end with status 0. It may be
// called more than once, and on a nil Daemon. If that command was killed
// meanwhile nothing happens: a server that works is not stopped for it.
func (d *Daemon) Ready() {
	if d == nil {
		return
	}
	d.mu.Lock()
	pipe := d.pipe
	d.pipe = nil
	d.mu.Unlock()
	if pipe == nil {
		return
	}
	_, _ = pipe.Write([]byte{1}) // EPIPE: nobody waits any more
	_ = pipe.Close()
}

// start runs the program again and waits until it is ready or ends.
func start(args []string) (status int, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }()
	inode, err := inode(w)
	if err != nil {
		_ = w.Close()
		return 0, err
	}
	// Not os.Executable: the file may have been replaced by a newer one.
	child, err := os.StartProcess("/proc/self/exe", args, &os.ProcAttr{
		Env:   append(os.Environ(), fmt.Sprintf("%s=%d:%d", variable, 3, inode)),
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr, w},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	_ = w.Close() // so that the child's is the only one, and its end is our EOF
	if err != nil {
		return 0, err
	}
	if n, _ := r.Read(make([]byte, 1)); n == 1 {
		return 0, child.Release()
	}
	state, err := child.Wait()
	if err != nil {
		return 0, err
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil // as the shell says it
	}
	return state.ExitCode(), nil
}

// inherited gives the Daemon if this is the background process, else nil.
func inherited() *Daemon {
	value, ok := os.LookupEnv(variable)
	if !ok {
		return nil
	}
	_ = os.Unsetenv(variable) // not for programs that this one starts
	fd, want, err := parse(value)
	if err != nil {
		return nil
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil || st.Ino != want || st.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		return nil
	}
	syscall.CloseOnExec(fd)
	return &Daemon{pipe: os.NewFile(uintptr(fd), "ready pipe")}
}

// parse splits "3:12345" into descriptor and inode.
func parse(value string) (fd int, inode uint64, err error) {
	a, b, ok := strings.Cut(value, ":")
	if !ok {
		return 0, 0, errors.New("no colon")
	}
	n, err := strconv.ParseUint(a, 10, 31)
	if err != nil {
		return 0, 0, err
	}
	inode, err = strconv.ParseUint(b, 10, 64)
	return int(n), inode, err
}

func inode(f *os.File) (uint64, error) {
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, errors.New("no inode number")
	}
	return st.Ino, nil
}

// SetName gives the process the name it was started by, for ps, pidof and
// killall: without it the kernel says "exe". It is cut to 15 bytes there. Where
// /proc cannot be written nothing is lost but the name.
func SetName(args []string) {
	if len(args) > 0 {
		_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(args[0])), 0)
	}
}
