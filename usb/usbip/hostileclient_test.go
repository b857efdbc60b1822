package usbip

import (
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// A client that says what it must not say loses its connection, nobody else's,
// and the device is there for the next one.
func TestServerSurvivesClient(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct {
		name string
		say  string
	}{
		{"HTTP", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"another version", "\x01\x06\x80\x05\x00\x00\x00\x00"},
		{"a reply", "\x01\x11\x00\x05\x00\x00\x00\x00"},
		{"busid without end", "\x01\x11\x80\x03\x00\x00\x00\x00" + strings.Repeat("1", busIDSize)},
		{"busid that is not there", "\x01\x11\x80\x03\x00\x00\x00\x00" + strings.Repeat("\x00", busIDSize)},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := r.connect(t)
			c.write([]byte(test.say))
			c.wantEnd()
		})
	}

	submit := func(c *rawClient, length int) []byte {
		return (&header{command: cmdSubmit, seq: 7, devID: c.rec.devID(), endpoint: epOut, length: length}).append(nil)
	}
	for _, test := range []struct {
		name string
		say  func(c *rawClient) []byte
	}{
		{"garbage", func(*rawClient) []byte { return bytes.Repeat([]byte{0xa5}, 4096) }},
		{"another device", func(c *rawClient) []byte { return at(submit(c, 0), 8, 99) }},
		{"too long", func(c *rawClient) []byte { return at(submit(c, 0), 24, usb.MaxTransfer+1) }},
		{"negative length", func(c *rawClient) []byte { return at(submit(c, 0), 24, 1<<31) }},
		{"isochronous packets", func(c *rawClient) []byte { return at(submit(c, 0), 32, 1) }},
		{"a reply", func(c *rawClient) []byte { return at(submit(c, 0), 0, retSubmit) }},
		{"half a command", func(c *rawClient) []byte { return submit(c, 0)[:40] }},
		{"half of the data", func(c *rawClient) []byte { return submit(c, 100) }},
		{"the same twice", func(c *rawClient) []byte {
			one := at(at(submit(c, 100), 12, dirIn), 16, 1)
			return append(one, one...)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := r.attach(t)
			c.up()
			c.write(test.say(c))
			must(t, c.conn.(*net.UnixConn).CloseWrite())
			c.wantEnd()
		})
	}
	r.attach(t).up()
}

// What cannot be done is refused, and the connection goes on.
func TestServerRefuses(t *testing.T) {
	r := newRig(t)
	c := r.attach(t)
	c.up()
	in := usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetDescriptor, Value: 1 << 8}
	for _, test := range []struct {
		name string
		send func() uint32
		want unix.Errno
	}{
		{"endpoint", func() uint32 {
			return c.send(header{command: cmdSubmit, direction: dirIn, endpoint: 9, length: 64}, nil)
		}, unix.EINVAL},
		{"direction of a request", func() uint32 {
			return c.send(header{command: cmdSubmit, length: 8, setup: in.Bytes(8)}, make([]byte, 8))
		}, unix.EINVAL},
		{"length of a request", func() uint32 {
			return c.send(header{command: cmdSubmit, length: 4, setup: usb.Setup{}.Bytes(8)}, make([]byte, 4))
		}, unix.EINVAL},
		{"SET_ADDRESS", func() uint32 { return c.control(usb.Setup{Request: usb.ReqSetAddress, Value: 9}, 0, nil) }, unix.EINVAL},
	} {
		seq := test.send()
		if h, _ := c.reply(); h.seq != seq || h.status != -int32(test.want) || h.actual != 0 {
			t.Errorf("%s: reply %+v", test.name, h)
		}
	}
	// A wLength beyond the buffer counts as the buffer.
	seq := c.send(header{command: cmdSubmit, direction: dirIn, length: 4, setup: in.Bytes(18)}, nil)
	if data := c.want(header{command: retSubmit, seq: seq, actual: 4}); data[0] != 18 {
		t.Errorf("descriptor % x", data)
	}
}

// A client gets so many transfers and so much memory, and what is over that is
// refused until something has ended.
func TestServerLimits(t *testing.T) {
	for _, test := range []struct {
		name       string
		length, n  int
		wantedLeft int
	}{
		{"transfers", 64, maxURBs + 10, maxURBs},
		{"memory", usb.MaxTransfer, maxMemory/usb.MaxTransfer + 10, maxMemory / usb.MaxTransfer},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newRig(t).attach(t)
			c.up()
			var seqs []uint32
			for range test.n {
				seqs = append(seqs, c.bulkIn(test.length, 0))
			}
			for range test.n - test.wantedLeft {
				if h, _ := c.reply(); h.status != -int32(unix.ENOMEM) {
					t.Fatalf("reply %+v", h)
				}
			}
			c.want(header{command: retUnlink, seq: c.unlink(seqs[0]), status: -int32(unix.ECONNRESET)})
			seq := c.bulkIn(test.length, 0)
			c.want(header{command: retUnlink, seq: c.unlink(seq), status: -int32(unix.ECONNRESET)})
		})
	}
}

func TestServerLimitsControls(t *testing.T) {
	r := newRig(t)
	c := r.attach(t)
	must(t, r.dev.SetFault(sim.Silence, 1))
	for range maxControls + 5 {
		c.control(usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetDescriptor, Value: 1 << 8}, 18, nil)
	}
	for range 5 {
		if h, _ := c.reply(); h.status != -int32(unix.ENOMEM) {
			t.Fatalf("reply %+v", h)
		}
	}
	must(t, r.dev.SetFault(sim.Silence, 0))
	for range maxControls {
		if h, _ := c.reply(); h.status != 0 || h.actual != 18 {
			t.Fatalf("reply %+v", h)
		}
	}
}

func TestServerLimitsClients(t *testing.T) {
	r := newRig(t)
	var clients []*rawClient
	for range maxClients {
		clients = append(clients, r.connect(t))
	}
	c := r.connect(t)
	_, _ = c.conn.Write(appendOp(nil, opReqDevlist, 0)) // fails when it is closed already
	if n, err := c.conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("one client too many reads %d bytes", n)
	}
	must(t, clients[0].conn.Close())
	for {
		c := r.connect(t)
		_, err := c.conn.Write(appendOp(nil, opReqDevlist, 0))
		if err == nil {
			var b [opSize]byte
			if _, err = c.conn.Read(b[:]); err == nil && binary.BigEndian.Uint16(b[2:]) == opRepDevlist {
				return
			}
		}
		must(t, t.Context().Err())
	}
}

// A client that takes no replies stops being read, and holds up nobody.
func TestServerDoesNotBufferWithoutBound(t *testing.T) {
	t.Parallel() // it waits

	// More than the replies that wait, one input buffer and what the sockets hold.
	const most = 4 * maxOutput
	r := newRig(t)
	c := r.attach(t)
	c.up()
	unknown := (&header{command: cmdUnlink, devID: c.rec.devID(), target: 999}).append(nil)
	many := bytes.Repeat(unknown, 1000)
	written := 0
	for written < most {
		must(t, c.conn.SetWriteDeadline(time.Now().Add(time.Second)))
		n, err := c.conn.Write(many)
		if written += n; err != nil {
			break // the server has stopped reading
		}
	}
	if written >= most {
		t.Error("the server takes commands without end")
	}
	must(t, r.bus.Pull(r.dev)) // ends it even so
	must(t, c.conn.SetDeadline(time.Now().Add(patience)))
	c.wantEnd()
}
