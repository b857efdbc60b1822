package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"io-pkt/usb/sim"
)

// ctlSuffix makes the path of the socket that takes commands.
const ctlSuffix = ".ctl"

// A command is one line. The reply is "ok" or "error" and why on a line of its
// own, then text up to the end of the connection.
const (
	replyOK    = "ok"
	replyError = "error "
)

const (
	maxCommand  = 256      // bytes in a line
	maxReply    = 64 << 10 // bytes
	maxAsking   = 16       // connections
	ctlDeadline = 5 * time.Second

	// acceptPause is how long serve waits when a connection is not to be had: the
	// system is out of descriptors, most likely.
	acceptPause = 100 * time.Millisecond
)

// ask sends a command to a running io-usb and gives its reply.
func ask(path, command string) (string, error) {
	if strings.ContainsAny(command, "\r\n") || len(command) >= maxCommand {
		return "", errors.New("a command is one line")
	}
	conn, err := net.DialTimeout("unix", path, ctlDeadline)
	if err != nil {
		return "", fmt.Errorf("no io-usb simulates here: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(ctlDeadline)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return "", err
	}
	reply, err := io.ReadAll(io.LimitReader(conn, maxReply))
	if err != nil {
		return "", err
	}
	head, text, _ := strings.Cut(string(reply), "\n")
	if why, bad := strings.CutPrefix(head, replyError); bad {
		return "", errors.New(why)
	}
	if head != replyOK {
		return "", fmt.Errorf("strange reply %q", head)
	}
	return text, nil
}

// commands serves commands.
type commands struct {
	sim     *simulator
	slots   chan struct{} // one for each connection
	closing chan struct{}

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	running sync.WaitGroup
}

func newCommands(s *simulator) *commands {
	return &commands{
		sim: s, slots: make(chan struct{}, maxAsking), closing: make(chan struct{}),
		conns: map[net.Conn]struct{}{},
	}
}

// serve takes connections until close, or until l fails.
func (c *commands) serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			c.slots <- struct{}{}
			c.start(conn)
			continue
		case c.isClosing():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		}
		select {
		case <-time.After(acceptPause):
		case <-c.closing:
			return nil
		}
	}
}

func (c *commands) isClosing() bool {
	select {
	case <-c.closing:
		return true
	default:
		return false
	}
}

// start answers a connection, which has a slot.
func (c *commands) start(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosing() {
		_ = conn.Close()
		<-c.slots
		return
	}
	c.conns[conn] = struct{}{}
	c.running.Go(func() {
		c.answer(conn)
		_ = conn.Close()
		c.mu.Lock()
		delete(c.conns, conn)
		c.mu.Unlock()
		<-c.slots
	})
}

// close ends serve and all connections. It is called once.
func (c *commands) close(l net.Listener) {
	c.mu.Lock()
	close(c.closing)
	for conn := range c.conns {
		_ = conn.Close()
	}
	c.mu.Unlock()
	_ = l.Close()
	c.running.Wait()
}

// answer takes one command. A client that is slow is not waited for.
func (c *commands) answer(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(ctlDeadline))
	line, err := bufio.NewReaderSize(io.LimitReader(conn, maxCommand), maxCommand).ReadString('\n')
	if err != nil {
		return
	}
	text, err := c.sim.command(strings.Fields(line))
	if err != nil {
		_, _ = fmt.Fprintf(conn, "%s%v\n", replyError, err)
		return
	}
	_, _ = fmt.Fprintf(conn, "%s\n%s", replyOK, text)
}

// command carries out a command.
func (s *simulator) command(words []string) (string, error) {
	if len(words) == 0 {
		return "", errors.New("the command is empty")
	}
	switch verb := words[0]; {
	case verb == "list" && len(words) == 1:
		return s.list(), nil
	case verb == "help" && len(words) == 1:
		return help(), nil
	case len(words) < 2:
		return "", fmt.Errorf("%s: unknown command, or no device's number follows it", verb)
	}
	d, err := s.device(words[1])
	if err != nil {
		return "", err
	}
	switch verb, rest := words[0], words[2:]; {
	case verb == "pull" && len(rest) == 0:
		return "", s.bus.Pull(d)
	case verb == "plug" && len(rest) == 0:
		return "", s.bus.Plug(d)
	case verb == "link" && len(rest) == 1 && (rest[0] == "up" || rest[0] == "down"):
		d.SetLink(rest[0] == "up")
		return "", nil
	case verb == "coverage" && len(rest) == 1 && (rest[0] == "on" || rest[0] == "off"):
		return "", d.SetCoverage(rest[0] == "on")
	case verb == "say" && len(rest) > 0:
		return "", d.Say(strings.Join(rest, " "))
	case verb == "fault" && (len(rest) == 1 || len(rest) == 2):
		return "", fault(d, rest)
	}
	return "", fmt.Errorf("%s: unknown command, or wrong words after it", words[0])
}

func (s *simulator) device(word string) (*sim.Device, error) {
	n, err := strconv.ParseUint(word, 0, 16)
	if err != nil || int(n) >= len(s.devices) {
		return nil, fmt.Errorf("there is no device %q", word)
	}
	return s.devices[n], nil
}

// fault sets a fault: its name and perhaps a count.
func fault(d *sim.Device, words []string) error {
	if words[0] == "none" && len(words) == 1 {
		d.ClearFaults()
		return nil
	}
	f, count, err := sim.ParseFault(words[0])
	if err != nil {
		return err
	}
	if len(words) == 2 {
		if count, err = strconv.Atoi(words[1]); err != nil {
			return fmt.Errorf("count %q is not a number", words[1])
		}
	}
	return d.SetFault(f, count)
}

// list shows the devices.
func (s *simulator) list() string {
	var b strings.Builder
	for i, d := range s.devices {
		fmt.Fprintf(&b, "%d %v\n", i, d)
	}
	return b.String()
}

// help shows the faults.
func help() string {
	var b strings.Builder
	names, about := sim.Faults()
	for i, name := range names {
		fmt.Fprintf(&b, "fault N %-13s [COUNT]  %s\n", name, about[i])
	}
	return b.String()
}
