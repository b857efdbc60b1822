package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/daemon"
	"io-pkt/internal/getopt"
	"io-pkt/internal/process"
	"io-pkt/internal/waitfor"
)

// options are what the command line asks for.
type options struct {
	detach, hold, session, bare bool

	waits    []string      // paths that must be there before
	limit    time.Duration // for each of them
	runmask  process.Runmask
	priority *process.Priority
	tty      string
	env      []string // of -e
	user     *daemon.User
	login    *user.User // of -l
	limits   []limit
	command  []string
}

// A limit is one of a resource.
type limit struct {
	resource int
	value    unix.Rlimit
}

func parseOptions(args []string) (options, error) {
	o := options{limit: waitfor.DefaultLimit}
	given, command, err := getopt.Parse(args, "A:a:C:cdEe:f:hIL:l:n:Pp:R:S:sT:t:u:W:w:X:")
	if err != nil {
		return o, err
	}
	for _, g := range given {
		if err := o.set(g); err != nil {
			return o, err
		}
	}
	if len(command) == 0 && o.runmask == 0 && o.priority == nil && len(o.waits) == 0 {
		return o, errors.New("no command was given")
	}
	o.command = command
	return o, nil
}

// seconds reads seconds[:milliseconds].
func seconds(word string) time.Duration {
	whole, rest, _ := strings.Cut(word, ":")
	ms, _ := getopt.Number(rest)
	return waitfor.Seconds(whole) + time.Duration(min(max(ms, 0), 1e6))*time.Millisecond
}

func (o *options) set(g getopt.Option) (err error) {
	switch g.Letter {
	case 'w':
		o.waits = append(o.waits, g.Value)
	case 'W':
		o.limit = seconds(g.Value)
	case 'd':
		o.detach = true
	case 'h':
		o.hold = true
	case 's':
		o.session = true
	case 'E':
		o.bare = true
	case 'e':
		if i := strings.IndexByte(g.Value, '='); i < 1 {
			return fmt.Errorf("-e %s: want NAME=value", g.Value)
		}
		o.env = append(o.env, g.Value)
	case 'C', 'R':
		err = o.runmask.Add(g.Letter, g.Value)
	case 'p':
		var p process.Priority
		p, err = process.ParsePriority(g.Value)
		o.priority = &p
	case 't':
		o.tty = g.Value
		if !strings.HasPrefix(o.tty, "/") {
			o.tty = "/dev/" + o.tty
		}
	case 'u', 'l':
		err = o.become(g)
	case 'L':
		var l limit
		l, err = parseLimit(g.Value)
		o.limits = append(o.limits, l)
	case 'a':
		if g.Value != "d" && g.Value != "e" {
			err = fmt.Errorf("-a %s: want d or e", g.Value)
		}
	case 'n', 'f':
		err = fmt.Errorf("node %s: there is no other node", g.Value)
	}
	return err
}

// become takes -u and -l.
func (o *options) become(g getopt.Option) error {
	u, err := daemon.ParseUser(g.Value)
	if err != nil {
		return err
	}
	o.user = &u
	if g.Letter != 'l' {
		return nil
	}
	// By the name that was typed, if it was one: a user may have several.
	name, _, _ := strings.Cut(g.Value, ",")
	if o.login, err = user.Lookup(name); err != nil {
		o.login, err = user.LookupId(strconv.Itoa(u.UID))
	}
	return err
}

// resources are the limits that setrlimit(2) knows, by their names there.
var resources = map[string]int{
	"as": unix.RLIMIT_AS, "core": unix.RLIMIT_CORE, "cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA,
	"fsize": unix.RLIMIT_FSIZE, "memlock": unix.RLIMIT_MEMLOCK, "nofile": unix.RLIMIT_NOFILE,
	"nproc": unix.RLIMIT_NPROC, "stack": unix.RLIMIT_STACK,
}

// parseLimit reads name:soft[:hard]; the name may begin with RLIMIT_.
func parseLimit(word string) (limit, error) {
	parts := strings.Split(word, ":")
	resource, ok := resources[strings.TrimPrefix(strings.ToLower(parts[0]), "rlimit_")]
	if !ok || len(parts) < 2 || len(parts) > 3 {
		return limit{}, fmt.Errorf("-L %s: want name:soft[:hard]", word)
	}
	l := limit{resource: resource}
	for i, to := range []*uint64{&l.value.Cur, &l.value.Max} {
		text := parts[min(i+1, len(parts)-1)]
		n, rest := getopt.Number(text)
		if rest != "" || text == "" || n < 0 {
			return l, fmt.Errorf("-L %s: bad number %q", word, text)
		}
		*to = uint64(n)
	}
	if l.value.Cur > l.value.Max {
		return l, fmt.Errorf("-L %s: the soft limit is above the hard one", word)
	}
	return l, nil
}

// wait waits for the paths, in their order. The path is one that did not come.
func (o options) wait() (path string, err error) {
	for _, path := range o.waits {
		if err := waitfor.Path(context.Background(), path, o.limit, waitfor.DefaultPoll); err != nil {
			return path, err
		}
	}
	return "", nil
}

// environment gives the command's, with each variable once: of two, getenv(3) gives the
// first.
func (o options) environment() []string {
	env := []string{} // nil would be ours
	if !o.bare {
		env = os.Environ()
	}
	if u := o.login; u != nil {
		env = append(env, "LOGNAME="+u.Username, "USER="+u.Username, "HOME="+u.HomeDir, "SHELL=/bin/sh")
	}
	return (&exec.Cmd{Env: append(env, o.env...)}).Environ()
}
