package slog

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// How a client deals with a server that is slow or gone.
const (
	queueLength = 256         // events waiting to be sent
	writeTime   = time.Second // in which the server must take an event
	redialPause = time.Second // between two tries to reach a server that is gone
)

// A Client writes to a log that somebody else hosts. It runs one goroutine,
// which Close ends.
//
// It never makes its caller wait: when the server is gone, or too slow, events
// are dropped and counted. The log itself says how many, in an event of its own,
// once the server is back.
type Client struct {
	path    string
	queue   chan []byte
	dropped atomic.Uint64

	once   sync.Once
	closed chan struct{}
	done   sync.WaitGroup

	// The rest belongs to run.
	conn     *net.UnixConn // nil while the server is out of reach
	redialAt time.Time
	told     uint64 // drops that the log knows of
}

// Dial connects to the log at path.
func Dial(path string) (*Client, error) {
	conn, err := dial(path)
	if err != nil {
		return nil, fmt.Errorf("log to %s: %w", path, err)
	}
	c := &Client{path: path, conn: conn, queue: make(chan []byte, queueLength), closed: make(chan struct{})}
	c.done.Go(c.run)
	return c, nil
}

func dial(path string) (*net.UnixConn, error) {
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
}

// Log adds a text to the log. A text longer than MaxText becomes several
// events. Any goroutine may call it, also after Close: that drops the event.
func (c *Client) Log(code Code, sev Severity, text string) {
	for part := range split(text) {
		c.put(Event{Severity: sev, Code: code, Text: part}.Append(nil))
	}
}

func (c *Client) put(event []byte) {
	select {
	case <-c.closed:
		c.dropped.Add(1)
		return
	default:
	}
	select {
	case c.queue <- event:
	default:
		c.dropped.Add(1)
	}
}

// Dropped gives the number of events that were dropped.
func (c *Client) Dropped() uint64 { return c.dropped.Load() }

// Close sends what is waiting and ends the connection. When it returns, all of
// that is in the log, unless the server does not take it within two seconds.
func (c *Client) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.done.Wait()
	return nil
}

// run sends what is queued until the client is closed.
func (c *Client) run() {
	defer c.hangUp()
	for {
		select {
		case event := <-c.queue:
			c.deliver(event)
		case <-c.closed:
			c.drain()
			return
		}
	}
}

// drain sends what is left, for as long as one event may take, and waits until
// the server has taken it: what somebody else logs afterwards must come after.
func (c *Client) drain() {
	for end := time.Now().Add(writeTime); time.Now().Before(end); {
		select {
		case event := <-c.queue:
			c.deliver(event)
		default:
			c.finish()
			return
		}
	}
}

// finish says that nothing more comes, and waits for the server to hang up.
func (c *Client) finish() {
	if c.conn == nil {
		return
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(writeTime))
	_ = c.conn.CloseWrite()
	_, _ = c.conn.Read(make([]byte, 1)) // it sends nothing to a writer
}

// deliver sends an event or counts it as dropped.
func (c *Client) deliver(event []byte) {
	if c.conn != nil && c.write(event) {
		return
	}
	// A connection that was good before may only mean that the server was
	// started anew.
	if c.redial() && c.write(event) {
		return
	}
	c.dropped.Add(1)
}

// redial connects again, but not too often.
func (c *Client) redial() bool {
	now := time.Now()
	if now.Before(c.redialAt) {
		return false
	}
	c.redialAt = now.Add(redialPause)
	conn, err := dial(c.path)
	if err != nil {
		return false
	}
	c.conn = conn
	return true
}

// write writes an event and, in front of it, how many were dropped before.
func (c *Client) write(event []byte) bool {
	dropped := c.dropped.Load()
	if lost := dropped - c.told; lost > 0 {
		note := Event{
			Severity: Warning,
			Code:     NewCode(Syslog, 0),
			Text:     fmt.Sprintf("%d log events were lost", lost),
		}
		event = append(note.Append(nil), event...)
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := c.conn.Write(event); err != nil {
		c.hangUp()
		return false
	}
	c.told = dropped
	return true
}

func (c *Client) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}
