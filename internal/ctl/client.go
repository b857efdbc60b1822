package ctl

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrNotRunning says that no io-pkt listens at the prefix. That a running one may
// not be talked to is fs.ErrPermission.
var ErrNotRunning = errors.New("io-pkt is not running")

// An Error is io-pkt's refusal of a request. It unwraps to its errno.
type Error struct {
	Op        Op
	Interface string
	Errno     syscall.Errno
	Text      string // what the server says beside the errno
}

func (e *Error) Error() string {
	s := string(e.Op)
	if e.Interface != "" {
		s += " " + e.Interface
	}
	if e.Text != "" {
		return s + ": " + e.Text
	}
	return s + ": " + e.Errno.Error()
}

func (e *Error) Unwrap() error { return e.Errno }

// A Client is a connection to io-pkt. It serves one goroutine at a time; Close
// may come from any. It starts no goroutine.
type Client struct {
	conn net.Conn
	in   *bufio.Reader
}

// Prefix gives the prefix that clients use: the environment variable SOCK.
func Prefix() string { return os.Getenv("SOCK") }

// HasInet6 reports whether the io-pkt of a prefix is a v6 one, by the entry that
// the inet6 family has then.
func HasInet6(prefix string) bool {
	_, err := os.Lstat(filepath.Join(Dir(prefix), inet6Name))
	return err == nil
}

// Dial connects to the io-pkt of a prefix.
func Dial(ctx context.Context, prefix string) (*Client, error) {
	path := SocketPath(prefix)
	if len(path) > maxPath {
		return nil, fmt.Errorf("connect to %s: the path has %d bytes, a socket's can have %d: %w",
			path, len(path), maxPath, syscall.ENAMETOOLONG)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		if e == syscall.ENOENT || e == syscall.ECONNREFUSED {
			return nil, fmt.Errorf("%w at %s: %w", ErrNotRunning, path, e)
		}
		return nil, fmt.Errorf("connect to %s: %w", path, e)
	}
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn, in: bufio.NewReader(conn)}, nil
}

// Close hangs up and ends a call that waits. It may be called more than once.
func (c *Client) Close() error {
	if err := c.conn.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Do makes a request and waits for the reply. A refusal is an *Error, and the
// connection can go on; after any other error, ctx's end included, it cannot and
// is closed.
func (c *Client) Do(ctx context.Context, r Request) (Reply, error) {
	defer c.watch(ctx)()
	if err := c.send(r); err != nil {
		return Reply{}, c.fail(ctx, r, err)
	}
	return c.receive(ctx, r)
}

// Follow calls f with all interfaces, now and after each change, until f fails,
// ctx is done or io-pkt goes away. It returns why, never nil, and closes the
// connection.
func (c *Client) Follow(ctx context.Context, f func([]Interface) error) error {
	defer c.Close()
	defer c.watch(ctx)()
	r := Request{Op: OpFollow}
	if err := c.send(r); err != nil {
		return c.fail(ctx, r, err)
	}
	for {
		reply, err := c.receive(ctx, r)
		if err != nil {
			return err
		}
		if err := f(reply.Interfaces); err != nil {
			return err
		}
	}
}

// watch makes ctx end the I/O. The function it gives must be called after it.
func (c *Client) watch(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })
}

func (c *Client) send(r Request) error {
	r.Version = Version
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(line) > MaxRequest {
		return syscall.EMSGSIZE
	}
	_, err = c.conn.Write(append(line, '\n'))
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return nil // the server may have said why before it hung up
	}
	return err
}

func (c *Client) receive(ctx context.Context, r Request) (Reply, error) {
	line, err := readLine(c.in, MaxReply)
	if err != nil {
		return Reply{}, c.fail(ctx, r, err)
	}
	reply, err := parseReply(line)
	if err != nil {
		return Reply{}, c.fail(ctx, r, err)
	}
	if reply.Errno != 0 {
		return reply, &Error{Op: r.Op, Interface: r.Interface, Errno: syscall.Errno(reply.Errno), Text: reply.Error}
	}
	return reply, nil
}

// fail closes the connection, which is out of step now, and tells why.
func (c *Client) fail(ctx context.Context, r Request, err error) error {
	_ = c.Close()
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		err = fmt.Errorf("io-pkt hung up: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%s: %w", r.Op, err)
}
