package usbip

import (
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// A fakeServer exports one device whose default pipe is that of a simulated
// one. What it does with commands for other endpoints, and with CMD_UNLINK, a
// test says.
type fakeServer struct {
	t       testing.TB
	l       net.Listener
	dev     usb.Device
	record  record
	command func(conn net.Conn, h header)
	hello   []byte // instead of an answer to the first request

	hideDevice atomic.Bool // from the list
	noList     atomic.Bool // who asks for it is told through refused, and hung up on
	refused    chan struct{}
}

func newFake(t testing.TB, command func(net.Conn, header)) *fakeServer {
	t.Helper()
	dev, err := sim.NewDevice(sim.Config{})
	must(t, err)
	bus := sim.NewBus(1)
	t.Cleanup(func() { _ = bus.Close() })
	must(t, bus.Plug(dev))
	list, err := bus.Devices(t.Context())
	must(t, err)
	f := &fakeServer{t: t, command: command, refused: make(chan struct{})}
	f.dev, err = bus.Open(t.Context(), list[0])
	must(t, err)
	f.record = recordOf(list[0], description{configuration: 1})
	f.l, err = net.Listen("unix", filepath.Join(t.TempDir(), "usb"))
	must(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := f.l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			all.Go(func() {
				f.serve(conn)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(all.Wait)
	t.Cleanup(func() { _ = f.l.Close() })
	return f
}

func (f *fakeServer) dial(t testing.TB) *Stack {
	t.Helper()
	s, err := Dial(t.Context(), "unix", f.l.Addr().String())
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// up opens the device and its data queue.
func (f *fakeServer) up(t testing.TB) (usb.Device, usb.Queue) {
	t.Helper()
	dev, err := f.dial(t).Open(t.Context(), f.record.info())
	must(t, err)
	t.Cleanup(func() { _ = dev.Close() })
	must(t, dev.Claim(ifData))
	q, err := dev.OpenQueue(ifData)
	must(t, err)
	return dev, q
}

func (f *fakeServer) serve(conn net.Conn) {
	var op [opSize]byte
	if _, err := io.ReadFull(conn, op[:]); err != nil {
		return
	}
	if f.hello != nil {
		_, _ = conn.Write(f.hello)
		return
	}
	if code, _, _ := parseOp(op); code == opReqDevlist {
		if f.noList.Load() {
			select {
			case f.refused <- struct{}{}:
			case <-f.t.Context().Done():
			}
			return
		}
		b := appendOp(nil, opRepDevlist, 0)
		if f.hideDevice.Load() {
			b = binary.BigEndian.AppendUint32(b, 0)
		} else {
			b = f.record.append(binary.BigEndian.AppendUint32(b, 1))
		}
		_, _ = conn.Write(b)
		return
	}
	var busID [busIDSize]byte
	_, _ = io.ReadFull(conn, busID[:])
	_, _ = conn.Write(f.record.append(appendOp(nil, opRepImport, 0)))
	for f.answer(conn) {
	}
}

// answer handles one command.
func (f *fakeServer) answer(conn net.Conn) bool {
	var b [headerSize]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return false
	}
	var h header
	if err := h.parse(b[:]); err != nil {
		f.t.Error(err)
		return false
	}
	var data []byte
	if h.command == cmdSubmit {
		data = make([]byte, h.length)
		if h.direction == dirOut {
			if _, err := io.ReadFull(conn, data); err != nil {
				return false
			}
		}
	}
	if h.command != cmdSubmit || h.endpoint != 0 {
		f.command(conn, h)
		return true
	}
	r := header{command: retSubmit, seq: h.seq}
	setup, _ := usb.ParseSetup(h.setup)
	if !changesState(setup) {
		n, err := f.dev.Control(f.t.Context(), setup, data)
		r.status, r.actual = transferStatus(err), n
	}
	if h.direction == dirOut {
		data = nil
	}
	_, err := conn.Write(append(r.append(nil), data[:min(r.actual, len(data))]...))
	return err == nil
}
