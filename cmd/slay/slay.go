package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"io-pkt/internal/process"
)

// A slayer does what the options say to processes.
type slayer struct {
	options
	all      []process.Process
	in       *bufio.Reader
	out, err io.Writer
}

// slay does it to the processes of a word, and says to how many.
func (s *slayer) slay(word string) (done int) {
	found := slices.DeleteFunc(slices.Clone(s.all), func(p process.Process) bool { return !s.meant(p, word) })
	if len(found) == 0 && !s.quiet {
		fmt.Fprintf(s.err, "slay: Unable to find process '%s'\n", word)
	}
	for _, p := range found {
		if s.print {
			fmt.Fprintln(s.out, p.ID)
			done++
			continue
		}
		if (s.query || len(found) > 1 && !s.force) && !s.confirmed(p) {
			continue
		}
		if err := s.apply(p); err != nil {
			fmt.Fprintf(s.err, "slay: %s (%d): %v\n", p.Name(), p.ID, err)
			continue
		}
		if s.verbose {
			fmt.Fprintf(s.out, "slay: %s (%d)\n", p.Name(), p.ID)
		}
		done++
	}
	return done
}

// meant reports whether a word means a process: never slay itself, and for users
// other than root only processes of their own.
func (s *slayer) meant(p process.Process, word string) bool {
	switch {
	case p.ID == os.Getpid(), os.Geteuid() != 0 && p.UID != os.Getuid():
		return false
	case s.tty != 0 && p.TTY != s.tty:
		return false
	case s.spare && slices.ContainsFunc(s.all, func(c process.Process) bool { return c.Parent == p.ID && c.ID != os.Getpid() }):
		return false
	}
	return s.names && p.Name() == word || s.numbers && strconv.Itoa(p.ID) == word
}

// confirmed asks. No answer is none.
func (s *slayer) confirmed(p process.Process) bool {
	fmt.Fprintf(s.out, "slay %s (%d) (y/n)? ", p.Name(), p.ID)
	answer, _ := s.in.ReadString('\n')
	return strings.HasPrefix(strings.TrimSpace(strings.ToLower(answer)), "y")
}

// apply does to a process what is to be done.
func (s *slayer) apply(p process.Process) error {
	if s.runmask != 0 || s.priority != nil {
		if err := s.schedule(p.Threads); err != nil {
			return err
		}
	}
	if s.signal == 0 {
		return nil
	}
	// The number could be somebody else's by now: a descriptor is this one's.
	fd, err := unix.PidfdOpen(p.ID, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if now, err := process.Read(process.Proc, p.ID); err != nil || now.Name() != p.Name() || now.Started != p.Started {
		return unix.ESRCH
	}
	return unix.PidfdSendSignal(fd, s.signal, nil, 0)
}

// schedule sets the processors and the priority of threads, or of the one that was asked
// for.
func (s *slayer) schedule(threads []process.Thread) error {
	if s.thread != 0 {
		i := slices.IndexFunc(threads, func(t process.Thread) bool { return t.ID == s.thread })
		if i < 0 {
			return fmt.Errorf("thread %d: %w", s.thread, unix.ESRCH)
		}
		threads = threads[i : i+1]
	}
	for _, t := range threads {
		if s.runmask != 0 {
			if err := s.runmask.Set(t.TID); err != nil {
				return err
			}
		}
		if s.priority != nil {
			if err := s.priority.Set(t.TID); err != nil {
				return err
			}
		}
	}
	return nil
}
