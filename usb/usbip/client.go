package usbip

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"io-pkt/usb"
)

const (
	// watchInterval is how often Watch asks for the device list. USB/IP tells
	// nobody that a device came; half a second is less than a device needs to
	// start, and two connections a second are no load.
	watchInterval = 500 * time.Millisecond

	// busyTimeout is how long Open goes on asking for a device in use, each
	// busyInterval. Linux's server ends the connection of a device that is given
	// back, resets it, and only then lets it be imported again; and who has given
	// it back has waited no longer than that for the server to notice.
	busyTimeout  = answerTimeout
	busyInterval = 100 * time.Millisecond

	// handshakeTimeout bounds everything said before a device is imported. A
	// server may have to open devices to describe them.
	handshakeTimeout = 5 * time.Second
)

// A Stack is the bus behind a USB/IP server. It implements usb.Stack.
type Stack struct {
	network, address string
	closed           chan struct{}
	close            func()

	mu   sync.Mutex
	open map[*device]usb.DeviceInfo // as the server lists them
}

// Dial makes a Stack of the USB/IP server at address, which is a path when
// network is "unix" and host:port when it is "tcp". It fails when no server
// answers there. The Stack stays usable when the server goes and comes back.
func Dial(ctx context.Context, network, address string) (*Stack, error) {
	s := &Stack{network: network, address: address, closed: make(chan struct{}), open: make(map[*device]usb.DeviceInfo)}
	s.close = sync.OnceFunc(func() { close(s.closed) })
	if _, err := s.Devices(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Close closes the stack; Watch calls end with usb.ErrClosed. It may be called
// more than once.
func (s *Stack) Close() error {
	s.close()
	return nil
}

// Devices implements usb.Stack.
func (s *Stack) Devices(ctx context.Context) ([]usb.DeviceInfo, error) {
	// Looked at first: a device that is pulled between the two looks may be
	// reported once more, one that is there must not be missing.
	list := s.imported()
	var records []record
	conn, err := s.handshake(ctx, func(conn net.Conn) (err error) {
		records, err = requestList(conn)
		return err
	})
	if err != nil {
		return nil, &usb.OpError{Op: "list devices of", Object: s.address, Err: err}
	}
	_ = conn.Close()
	for _, r := range records {
		list = append(list, r.info())
	}
	// Stable, so that of two with one place the one we hold is kept.
	slices.SortStableFunc(list, func(a, b usb.DeviceInfo) int {
		return cmp.Or(cmp.Compare(a.Bus, b.Bus), cmp.Compare(a.Address, b.Address))
	})
	return slices.CompactFunc(list, func(a, b usb.DeviceInfo) bool {
		return a.Bus == b.Bus && a.Address == b.Address
	}), nil
}

// imported gives the devices that are open here. Linux's usbipd leaves
// imported devices out of its list.
func (s *Stack) imported() []usb.DeviceInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []usb.DeviceInfo
	for d, info := range s.open {
		select {
		case <-d.Gone():
		default:
			list = append(list, info)
		}
	}
	return list
}

// Watch implements usb.Stack. A list that could not be had ends it only when no device is
// open here: what is open has a connection of its own, and tells itself when it is gone.
func (s *Stack) Watch(ctx context.Context, f func(usb.Event)) error {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	var known []usb.DeviceInfo
	for {
		now, err := s.Devices(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, usb.ErrClosed), err != nil && len(s.imported()) == 0:
			return err
		case err != nil:
			now = known
		}
		for _, d := range known {
			if !slices.Contains(now, d) {
				f(usb.Event{Present: false, Device: d})
			}
		}
		for _, d := range now {
			if !slices.Contains(known, d) {
				f(usb.Event{Present: true, Device: d})
			}
		}
		known = now
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closed:
			return usb.ErrClosed
		}
	}
}

// Open implements usb.Stack: it imports the device.
func (s *Stack) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	d, err := s.importDevice(ctx, info)
	for end := time.Now().Add(busyTimeout); errors.Is(err, usb.ErrBusy) && time.Now().Before(end); {
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(busyInterval):
			d, err = s.importDevice(ctx, info)
		}
	}
	if err != nil {
		return nil, &usb.OpError{Op: "open", Object: fmt.Sprintf("%v of %s", info, s.address), Err: err}
	}
	return d, nil
}

func (s *Stack) importDevice(ctx context.Context, info usb.DeviceInfo) (*device, error) {
	var r record
	conn, err := s.handshake(ctx, func(conn net.Conn) (err error) {
		r, err = requestImport(conn, info.Port)
		return err
	})
	if err != nil {
		return nil, err
	}
	listed := r.info()
	if !sameDevice(listed, info) {
		hangUp(conn)
		return nil, fmt.Errorf("%w: now %v is there", usb.ErrGone, listed)
	}
	return newDevice(ctx, s, conn, r)
}

// sameDevice compares what a server's record says; info may know more.
func sameDevice(listed, info usb.DeviceInfo) bool {
	l, i := listed.Descriptor, info.Descriptor
	return listed.Port == info.Port && listed.Bus == info.Bus && listed.Address == info.Address &&
		l.VendorID == i.VendorID && l.ProductID == i.ProductID && l.Release == i.Release
}

// handshake runs talk on a new connection. handshakeTimeout and ctx bound it;
// an error closes the connection.
func (s *Stack) handshake(ctx context.Context, talk func(net.Conn) error) (net.Conn, error) {
	select {
	case <-s.closed:
		return nil, usb.ErrClosed
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, s.network, s.address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	err = talk(conn)
	if !stop() { // conn is closed, whatever talk said
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// requestList asks for the device list and reads it.
func requestList(conn net.Conn) ([]record, error) {
	if _, err := conn.Write(appendOp(nil, opReqDevlist, statusOK)); err != nil {
		return nil, err
	}
	status, err := readReply(conn, opRepDevlist)
	if err != nil {
		return nil, err
	}
	if status != statusOK {
		return nil, fmt.Errorf("%w: the server answers with status %d", errProtocol, status)
	}
	return readList(bufio.NewReader(conn))
}

// readReply reads the head of a reply.
func readReply(r io.Reader, want uint16) (status uint32, err error) {
	var op [opSize]byte
	if _, err := io.ReadFull(r, op[:]); err != nil {
		return 0, err
	}
	code, status, err := parseOp(op)
	if err == nil && code != want {
		err = fmt.Errorf("%w: reply %#04x", errProtocol, code)
	}
	return status, err
}

// requestImport asks for a device and reads what the server says of it.
func requestImport(conn net.Conn, busID string) (record, error) {
	if len(busID) >= busIDSize {
		return record{}, fmt.Errorf("%w: busid %q", usb.ErrInvalid, busID)
	}
	if _, err := conn.Write(appendString(appendOp(nil, opReqImport, statusOK), busID, busIDSize)); err != nil {
		return record{}, err
	}
	status, err := readReply(conn, opRepImport)
	if err != nil {
		return record{}, err
	}
	if status != statusOK {
		return record{}, fmt.Errorf("the server refuses with status %d: %w", status, importError(status))
	}
	var b [recordSize]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return record{}, err
	}
	return parseRecord(b)
}
