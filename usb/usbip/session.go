package usbip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/poll"
	"io-pkt/usb"
)

// What one client may have of us.
const (
	maxURBs     = 1024     // transfers in flight
	maxControls = 32       // control requests in flight
	maxMemory   = 32 << 20 // bytes of transfer buffers
	maxOutput   = 1 << 20  // bytes of replies not yet taken, before we stop reading

	// inputSize holds the longest command.
	inputSize = headerSize + usb.MaxTransfer

	// stallTimeout is how long a client may take no reply while there is one;
	// then it loses its device.
	stallTimeout = 30 * time.Second
)

// A session is a connection that has imported a device. Its one goroutine polls
// the connection and the device's queues; a second one makes the control
// requests, which wait. Fields belong to the first unless said otherwise.
type session struct {
	exports *exports
	conn    net.Conn
	sock    *socket
	poller  *poll.Poller
	place   int // of the connection in the poller
	record  record
	info    usb.DeviceInfo
	dev     usb.Device

	in         []byte // commands, [start:end] of it not yet handled
	start, end int
	out        []byte // replies, [sent:] of it not yet written
	sent       int
	flight     map[uint32]*urb // by seq
	function   *function       // what of the device is in use
	reaped     []*usb.Transfer

	requests chan *controlRequest // to the second goroutine
	controls int                  // control requests in flight
	changing bool                 // one of them is a SET_CONFIGURATION
	worker   sync.WaitGroup

	mu       sync.Mutex
	finished []*controlRequest // from the second goroutine
}

// newSession takes a device for a client and opens all that is in it.
func newSession(ctx context.Context, e *exports, conn net.Conn, busID string) (*session, error) {
	info, err := e.find(ctx, busID)
	if err != nil {
		return nil, err
	}
	if !e.take(info) {
		return nil, fmt.Errorf("device %q: %w", busID, usb.ErrBusy)
	}
	s := &session{
		exports: e, conn: conn, info: info,
		in: make([]byte, inputSize), flight: make(map[uint32]*urb), reaped: make([]*usb.Transfer, 64),
		requests: make(chan *controlRequest, maxControls),
	}
	if err := s.open(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) open(ctx context.Context) (err error) {
	if s.sock, err = newSocket(s.conn); err != nil {
		return err
	}
	if s.poller, err = poll.New(); err != nil {
		return err
	}
	if s.dev, err = s.exports.stack.Open(ctx, s.info); err != nil {
		return err
	}
	config, err := currentConfig(ctx, s.dev)
	if err != nil {
		return err
	}
	if s.function, err = openFunction(s.dev, config); err != nil {
		return err
	}
	s.exports.update(s.info, config)
	var d description
	if config != nil {
		d = describeConfig(config)
	}
	s.record = recordOf(s.info, d)
	return s.watch()
}

// watch makes the poller look at the connection, and the queues that are ours.
func (s *session) watch() error {
	fd, err := s.sock.fd()
	if err != nil {
		return err
	}
	s.poller.Reset()
	s.place = s.poller.Add(fd, unix.POLLIN)
	for _, c := range s.function.channels {
		if c.held == 0 {
			c.place = s.poller.Add(c.queue.PollFD())
		}
	}
	return nil
}

// close gives the device back. The connection is its caller's to close, after
// this: that is how the client knows.
func (s *session) close() {
	if s.dev != nil {
		_ = s.dev.Close()
	}
	if s.poller != nil {
		_ = s.poller.Close()
	}
	s.exports.giveBack(s.info)
}

// run serves the client until it goes, the device goes, or ctx ends.
func (s *session) run(ctx context.Context) error {
	defer s.close()
	ctx, cancel := context.WithCancel(ctx)
	s.worker.Go(func() { s.makeControls(ctx) })
	defer s.worker.Wait()
	defer cancel()
	defer context.AfterFunc(ctx, s.poller.Wake)()
	for {
		if err := s.wait(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.dev.Gone():
			return usb.ErrGone
		default:
		}
		if err := s.turn(ctx); err != nil {
			return err
		}
	}
}

// turn handles all that is there.
func (s *session) turn(ctx context.Context) error {
	if s.poller.Ready(s.place)&^unix.POLLOUT != 0 {
		if err := s.read(); err != nil {
			return err
		}
		if err := s.handleCommands(ctx); err != nil {
			return err
		}
	}
	if err := s.finishControls(); err != nil {
		return err
	}
	if err := s.function.submit(); err != nil {
		return err
	}
	if err := s.reap(); err != nil {
		return err
	}
	return s.write()
}

// wait waits for something to do.
func (s *session) wait() error {
	pending := len(s.out) - s.sent
	if pending == 0 {
		s.poller.Watch(s.place, unix.POLLIN)
		return s.poller.Wait(-1)
	}
	events := int16(unix.POLLIN | unix.POLLOUT)
	if pending > maxOutput {
		events = unix.POLLOUT
	}
	s.poller.Watch(s.place, events)
	began := time.Now()
	err := s.poller.Wait(stallTimeout)
	if err == nil && time.Since(began) >= stallTimeout {
		err = fmt.Errorf("client %v takes no replies", s.conn.RemoteAddr())
	}
	return err
}

// read takes what the client has sent.
func (s *session) read() error {
	s.end = copy(s.in, s.in[s.start:s.end])
	s.start = 0
	n, err := s.sock.read(s.in[s.end:])
	s.end += n
	if errors.Is(err, errAgain) {
		return nil
	}
	return err
}

// write sends replies, as many as the connection takes.
func (s *session) write() error {
	if len(s.out) == s.sent {
		return nil
	}
	n, err := s.sock.write(s.out[s.sent:])
	if err != nil && !errors.Is(err, errAgain) {
		return err
	}
	if s.sent += n; s.sent < len(s.out) {
		return nil
	}
	s.out, s.sent = s.out[:0], 0
	if cap(s.out) > keptOutput {
		s.out = nil
	}
	return nil
}
