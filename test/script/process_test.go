package script

import (
	"fmt"
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

// cmdFDs shows how many descriptors of which kind a program has open, beside
// its standard ones, and pipes, of which io-pkt has one while it starts: fds name
func cmdFDs(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 || len(pids(args[0])) != 1 {
		ts.Fatalf("usage: fds name; it must run once")
	}
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pids(args[0])[0]))
	ts.Check(err)
	count := make(map[string]int)
	for _, l := range links {
		if n := filepath.Base(l); n == "0" || n == "1" || n == "2" {
			continue
		}
		to, _ := os.Readlink(l)
		if kind, _, ok := strings.Cut(to, ":["); ok && kind != "anon_inode" {
			to = kind // "socket:[4711]"
		}
		if to != "pipe" {
			count[to]++
		}
	}
	kinds := make([]string, 0, len(count))
	for kind, n := range count {
		kinds = append(kinds, fmt.Sprintf("%s %d\n", kind, n))
	}
	slices.Sort(kinds)
	_, _ = fmt.Fprint(ts.Stdout(), strings.Join(kinds, ""))
}
