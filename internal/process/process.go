// Package process lists the processes of this machine with the names that QNX's
// pidin and slay know them by.
//
// It reads /proc, keeps nothing and starts no goroutines. Processes of other PID
// namespaces, such as containers, are left out: they are another machine's.
package process

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Proc is where Linux shows its processes.
const Proc = "/proc"

// A Process is one process, as it was when it was looked at.
type Process struct {
	ID, Parent int
	UID        int
	Args       []string // as the process shows them; never empty
	Session    int
	Started    uint64 // clock ticks since the machine came up
	TTY        uint64 // device number of the controlling terminal; 0 for none
	Threads    []Thread

	status // of the first thread
}

// A Thread is a thread of a process.
type Thread struct {
	ID   int // 1 for the first, as on QNX
	TID  int // the kernel's number
	Name string
	status
}

// Name is the last part of the program's path, by which slay finds it. A login
// shell's dash is not part of it, nor is what a process has put after its name.
func (p Process) Name() string {
	word, _, _ := strings.Cut(p.Args[0], " ")
	word = strings.TrimSuffix(strings.TrimPrefix(word, "-"), ":")
	if name := word[strings.LastIndexByte(word, '/')+1:]; name != "" {
		return name
	}
	return p.comm
}

// List gives the processes that proc shows, by number; which is Proc but in tests.
// Kernel threads and what has ended already are not among them.
func List(proc string) ([]Process, error) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	own, _ := os.Readlink(filepath.Join(proc, "self/ns/pid"))
	var list []Process
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join(proc, e.Name())
		// Whose namespace cannot be read is somebody else's process, which the
		// kernel will protect.
		if ns, err := os.Readlink(filepath.Join(dir, "ns/pid")); err == nil && ns != own {
			continue
		}
		p, err := Read(proc, id)
		switch {
		case errors.Is(err, errNoProgram), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH),
			errors.Is(err, fs.ErrPermission): // somebody else's, where /proc has hidepid=1
			continue
		case err != nil:
			return nil, fmt.Errorf("process %d: %w", id, err)
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Process) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// errNoProgram is a process without arguments: a kernel thread, or a zombie.
var errNoProgram = errors.New("no program")

// Read gives one process. The error says if it has ended, or is none that List
// shows.
func Read(proc string, id int) (Process, error) {
	p := Process{ID: id}
	dir := filepath.Join(proc, strconv.Itoa(id))
	line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return p, err
	}
	if len(line) == 0 {
		return p, errNoProgram
	}
	p.Args = strings.Split(string(bytes.TrimRight(line, "\x00")), "\x00")
	info, err := os.Stat(dir)
	if err != nil {
		return p, err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		p.UID = int(st.Uid)
	}
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return p, err
	}
	s, err := parseStat(string(stat))
	if err != nil {
		return p, err
	}
	p.Parent, p.Session, p.TTY, p.Started, p.status = s.parent, s.session, s.tty, s.started, s.status
	p.Threads, err = threads(filepath.Join(dir, "task"))
	return p, err
}

// threads reads the threads, oldest first.
func threads(dir string) ([]Thread, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var list []Thread
	for _, id := range ids {
		stat, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(id), "stat"))
		if err != nil {
			continue // it has ended
		}
		s, err := parseStat(string(stat))
		if err != nil {
			return nil, err
		}
		list = append(list, Thread{ID: len(list) + 1, TID: id, Name: s.comm, status: s.status})
	}
	return list, nil
}
