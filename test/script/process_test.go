package script

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// pids gives the processes of a name. There are none but ours in this PID
// namespace. A zombie counts: its threads may still be at work.
func pids(name string) (found []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		stat, _ := os.ReadFile(path)
		_, after, _ := strings.Cut(string(stat), "(")
		// The kernel keeps 15 bytes of a name.
		comm, _, ok := strings.Cut(after, ") ")
		if ok && comm == name[:min(len(name), 15)] {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			found = append(found, pid)
		}
	}
	return found
}

// slay sends a signal to all processes of a name and waits until they have
// ended.
func slay(name string, signal syscall.Signal) error {
	for _, pid := range pids(name) {
		if err := unix.Kill(pid, signal); err != nil && err != unix.ESRCH {
			return err
		}
	}
	for end := time.Now().Add(retryTime); len(pids(name)) > 0; time.Sleep(retryPause) {
		if time.Now().After(end) {
			return fmt.Errorf("processes %v go on after %v", pids(name), signal)
		}
	}
	return nil
}

// cmdSlay ends programs by name, as QNX's slay does: slay [-s KILL] name
func cmdSlay(ts *testscript.TestScript, _ bool, args []string) {
	signal := unix.SIGTERM
	if len(args) == 3 && args[0] == "-s" {
		signal = unix.SignalNum("SIG" + args[1])
		args = args[2:]
	}
	if len(args) != 1 || signal == 0 {
		ts.Fatalf("usage: slay [-s signal] name")
	}
	if len(pids(args[0])) == 0 {
		ts.Fatalf("%s does not run", args[0])
	}
	ts.Check(slay(args[0], signal))
}

// cmdFDs shows how many descriptors of which kind a program has open. With a
// file it waits until they are those that the file says: the connection of a
// command that has ended may be open for a moment. fds name [file]
func cmdFDs(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 1 || len(args) > 2 || len(pids(args[0])) != 1 {
		ts.Fatalf("usage: fds name [file]; it must run once")
	}
	pid := pids(args[0])[0]
	if len(args) == 1 {
		_, _ = fmt.Fprint(ts.Stdout(), descriptors(pid))
		return
	}
	want := ts.ReadFile(args[1])
	for end := time.Now().Add(retryTime); descriptors(pid) != want; time.Sleep(retryPause) {
		if time.Now().After(end) {
			ts.Fatalf("descriptors\n%swant\n%s", descriptors(pid), want)
		}
	}
}

// descriptors counts a process's descriptors by kind, beside its standard ones
// and pipes, of which io-pkt has one while it starts.
func descriptors(pid int) string {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	count := make(map[string]int)
	for _, l := range links {
		if n := filepath.Base(l); n == "0" || n == "1" || n == "2" {
			continue
		}
		to, err := os.Readlink(l)
		if kind, _, ok := strings.Cut(to, ":["); ok && kind != "anon_inode" {
			to = kind // "socket:[4711]"
		}
		if err == nil && to != "pipe" {
			count[to]++
		}
	}
	var all strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(&all, "%s %d\n", kind, count[kind])
	}
	return all.String()
}
