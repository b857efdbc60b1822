package usbip

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"io-pkt/usb"
)

// A rawClient says to a server whatever a test wants.
type rawClient struct {
	t     testing.TB
	conn  net.Conn
	rec   record
	seq   uint32
	reads map[uint32]bool // commands whose reply has data
}

// patience is how long what must happen may take.
const patience = 20 * time.Second

func (r *rig) connect(t testing.TB) *rawClient {
	t.Helper()
	conn, err := net.Dial(r.listener.Addr().Network(), r.listener.Addr().String())
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	return &rawClient{t: t, conn: conn, reads: make(map[uint32]bool)}
}

// attach imports the device, as vhci_hcd would.
func (r *rig) attach(t testing.TB) *rawClient {
	t.Helper()
	c := r.connect(t)
	rec, err := requestImport(c.conn, "1-1")
	must(t, err)
	c.rec = rec
	return c
}

func (c *rawClient) write(b []byte) {
	c.t.Helper()
	_, err := c.conn.Write(b)
	must(c.t, err)
}

// send sends a command and gives its seq.
func (c *rawClient) send(h header, data []byte) uint32 {
	c.t.Helper()
	c.seq++
	h.seq, h.devID = c.seq, c.rec.devID()
	c.reads[h.seq] = h.direction == dirIn
	c.write(append(h.append(nil), data...))
	return c.seq
}

func (c *rawClient) bulkIn(length int, flags uint32) uint32 {
	c.t.Helper()
	return c.send(header{command: cmdSubmit, direction: dirIn, endpoint: epIn & 0xf, length: length, flags: flags}, nil)
}

func (c *rawClient) bulkOut(data []byte, flags uint32) uint32 {
	c.t.Helper()
	return c.send(header{command: cmdSubmit, endpoint: epOut, length: len(data), flags: flags}, data)
}

func (c *rawClient) unlink(target uint32) uint32 {
	c.t.Helper()
	return c.send(header{command: cmdUnlink, target: target}, nil)
}

// control starts a control request; length is for those that read.
func (c *rawClient) control(s usb.Setup, length int, data []byte) uint32 {
	c.t.Helper()
	h := header{command: cmdSubmit, length: length, setup: s.Bytes(length)}
	if s.In() {
		h.direction = dirIn
	} else {
		h.length, h.setup = len(data), s.Bytes(len(data))
	}
	return c.send(h, data)
}

// reply reads one reply, with its data.
func (c *rawClient) reply() (header, []byte) {
	c.t.Helper()
	var b [headerSize]byte
	_, err := io.ReadFull(c.conn, b[:])
	must(c.t, err)
	var h header
	must(c.t, h.parse(b[:]))
	if h.command != retSubmit || !c.reads[h.seq] {
		return h, nil
	}
	data := make([]byte, h.actual)
	_, err = io.ReadFull(c.conn, data)
	must(c.t, err)
	return h, data
}

// want reads a reply and checks it.
func (c *rawClient) want(want header) []byte {
	c.t.Helper()
	h, data := c.reply()
	if h != want {
		c.t.Fatalf("reply %+v, want %+v", h, want)
	}
	return data
}

// up makes the requests that a kernel makes, and selects the setting with
// endpoints.
func (c *rawClient) up() {
	c.t.Helper()
	for _, s := range []usb.Setup{
		{Request: usb.ReqSetConfiguration, Value: 1},
		{RequestType: usb.RecipientInterface, Request: usb.ReqSetInterface, Value: 1, Index: ifData},
		{RequestType: usb.TypeClass | usb.RecipientInterface, Request: 0x43, Value: 1},
	} {
		seq := c.control(s, 0, nil)
		c.want(header{command: retSubmit, seq: seq})
	}
}

// wantEnd checks that the server ends the connection.
func (c *rawClient) wantEnd() {
	c.t.Helper()
	for b := make([]byte, 4096); ; {
		switch _, err := c.conn.Read(b); {
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.t.Fatal("the connection goes on")
		case err != nil:
			return
		}
	}
}
