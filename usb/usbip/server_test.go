package usbip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// Requests that are methods of usb.Device arrive as what a kernel sends.
func TestServerTurnsRequestsIntoMethods(t *testing.T) {
	c := newRig(t).attach(t)
	get := func(typ, request uint8, index uint16) byte {
		t.Helper()
		seq := c.control(usb.Setup{RequestType: usb.DirIn | typ, Request: request, Index: index}, 1, nil)
		return c.want(header{command: retSubmit, seq: seq, actual: 1})[0]
	}
	do := func(s usb.Setup, want unix.Errno) {
		t.Helper()
		seq := c.control(s, 0, nil)
		c.want(header{command: retSubmit, seq: seq, status: -int32(want)})
	}
	do(usb.Setup{Request: usb.ReqSetConfiguration, Value: 0}, 0)
	if v := get(usb.RecipientDevice, usb.ReqGetConfiguration, 0); v != 0 {
		t.Errorf("configuration = %d after SET_CONFIGURATION 0", v)
	}
	seq := c.bulkIn(512, 0)
	c.want(header{command: retSubmit, seq: seq, status: -int32(unix.EINVAL)}) // there is no endpoint
	do(usb.Setup{Request: usb.ReqSetConfiguration, Value: 99}, unix.EPIPE)
	do(usb.Setup{Request: usb.ReqSetConfiguration, Value: 1}, 0)
	if v := get(usb.RecipientDevice, usb.ReqGetConfiguration, 0); v != 1 {
		t.Errorf("configuration = %d after SET_CONFIGURATION 1", v)
	}
	setInterface := usb.Setup{RequestType: usb.RecipientInterface, Request: usb.ReqSetInterface, Value: 1, Index: ifData}
	do(setInterface, 0)
	if v := get(usb.RecipientInterface, usb.ReqGetInterface, ifData); v != 1 {
		t.Errorf("setting = %d after SET_INTERFACE 1", v)
	}
	do(usb.Setup{RequestType: usb.RecipientInterface, Request: usb.ReqSetInterface, Value: 1, Index: 77}, unix.EPIPE)
	do(usb.Setup{Request: usb.ReqSetConfiguration, Value: 1}, 0)
	if v := get(usb.RecipientInterface, usb.ReqGetInterface, ifData); v != 0 {
		t.Errorf("setting = %d after SET_CONFIGURATION to the same", v)
	}
	do(setInterface, 0)

	halt := usb.Setup{RequestType: usb.RecipientEndpoint, Request: usb.ReqSetFeature, Index: epIn}
	do(halt, 0)
	seq = c.bulkIn(512, 0)
	c.want(header{command: retSubmit, seq: seq, status: -int32(unix.EPIPE)})
	halt.Request = usb.ReqClearFeature
	do(halt, 0)
	seq = c.bulkIn(512, 0)
	do(halt, unix.EBUSY) // what is in flight has to end before
	unlink := c.unlink(seq)
	c.want(header{command: retUnlink, seq: unlink, status: -int32(unix.ECONNRESET)})
	halt.Index = 0
	do(halt, 0)
	halt.Index = 0x0c
	do(halt, unix.EPIPE)
	do(usb.Setup{RequestType: usb.TypeVendor, Request: 7}, unix.EPIPE)
}

// What is in flight ends before the configuration changes.
func TestServerEndsTransfersWithTheConfiguration(t *testing.T) {
	c := newRig(t).attach(t)
	c.up()
	first, second := c.bulkIn(512, 0), c.bulkIn(512, 0)
	conf := c.control(usb.Setup{Request: usb.ReqSetConfiguration, Value: 1}, 0, nil)
	ended := map[uint32]int32{}
	for range 3 {
		h, _ := c.reply()
		ended[h.seq] = h.status
	}
	want := -int32(unix.ESHUTDOWN)
	if len(ended) != 3 || ended[first] != want || ended[second] != want || ended[conf] != 0 {
		t.Errorf("replies by command: %v", ended)
	}
}

// While the configuration is being changed nothing is started: the buffers may be
// gone.
func TestServerRefusesTransfersDuringConfiguration(t *testing.T) {
	r := newRig(t)
	c := r.attach(t)
	c.up()
	frame := bytes.Repeat([]byte{0x5a}, 60)
	c.want(header{command: retSubmit, seq: c.bulkOut(frame, 0), actual: len(frame)}) // leaves its transfer to be used again
	must(t, r.dev.SetFault(sim.Silence, 1))
	conf := c.control(usb.Setup{Request: usb.ReqSetConfiguration, Value: 1}, 0, nil)
	out := c.bulkOut(frame, 0)
	unlink := c.unlink(out) // is answered at once, if the transfer was taken
	c.want(header{command: retSubmit, seq: out, status: -int32(unix.ESHUTDOWN)})
	c.want(header{command: retUnlink, seq: unlink})
	must(t, r.dev.SetFault(sim.Silence, 0))
	c.want(header{command: retSubmit, seq: conf})
	c.up()
	c.want(header{command: retSubmit, seq: c.bulkOut(frame, 0), actual: len(frame)})
}

func TestServerUnlink(t *testing.T) {
	c := newRig(t).attach(t)
	c.up()
	seq := c.bulkIn(512, 0)
	unlink := c.unlink(seq)
	c.want(header{command: retUnlink, seq: unlink, status: -int32(unix.ECONNRESET)})

	// Both at once: the transfer is not even started.
	submit := header{command: cmdSubmit, seq: 101, devID: c.rec.devID(), direction: dirIn, endpoint: 1, length: 512}
	both := header{command: cmdUnlink, seq: 102, devID: c.rec.devID(), target: 101}
	c.write(both.append(submit.append(nil)))
	c.want(header{command: retUnlink, seq: 102, status: -int32(unix.ECONNRESET)})

	frame := bytes.Repeat([]byte{0x5a}, 60)
	out := c.bulkOut(frame, 0)
	c.want(header{command: retSubmit, seq: out, actual: len(frame)})
	for _, target := range []uint32{out, 12345} {
		unlink = c.unlink(target)
		c.want(header{command: retUnlink, seq: unlink})
	}
}

// A control request that waits can be unlinked, and holds up nothing.
func TestServerControlDoesNotBlockData(t *testing.T) {
	r := newRig(t)
	c := r.attach(t)
	c.up()
	must(t, r.dev.SetFault(sim.Silence, 1))
	ctl := c.control(usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetDescriptor, Value: 1 << 8}, 18, nil)
	in := c.bulkIn(512, 0)
	unlink := c.unlink(in)
	c.want(header{command: retUnlink, seq: unlink, status: -int32(unix.ECONNRESET)})
	unlink = c.unlink(ctl)
	c.want(header{command: retUnlink, seq: unlink, status: -int32(unix.ECONNRESET)})
	must(t, r.dev.SetFault(sim.Silence, 0))
	ctl = c.control(usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetDescriptor, Value: 1 << 8}, 18, nil)
	c.want(header{command: retSubmit, seq: ctl, actual: 18})
}

func TestServerTransferFlags(t *testing.T) {
	c := newRig(t).attach(t)
	c.up()
	frame := bytes.Repeat([]byte{0x5a}, 512) // one packet: ends with the next, if that is short
	for _, test := range []struct {
		name       string
		in, status uint32
	}{
		{"", 0, 0},
		{"URB_SHORT_NOT_OK", flagShortNotOK, uint32(unix.EREMOTEIO)},
	} {
		in := c.bulkIn(2048, test.in)
		out := c.bulkOut(frame, flagZeroPacket)
		for range 2 {
			h, _ := c.reply()
			switch {
			case h.seq == in && (h.status != -int32(test.status) || h.actual != len(frame)):
				t.Errorf("%s: IN reply %+v", test.name, h)
			case h.seq == out && (h.status != 0 || h.actual != len(frame)):
				t.Errorf("%s: OUT reply %+v", test.name, h)
			}
		}
	}
	// Without URB_ZERO_PACKET the frame goes on.
	in := c.bulkIn(2048, 0)
	c.want(header{command: retSubmit, seq: c.bulkOut(frame, 0), actual: 512})
	out := c.bulkOut(frame[:100], 0)
	for range 2 {
		h, _ := c.reply()
		if h.seq == in && h.actual != 612 || h.seq == out && h.actual != 100 {
			t.Errorf("reply %+v", h)
		}
	}
}

func TestServerImportIsExclusive(t *testing.T) {
	r := newRig(t)
	dev := r.open(t)
	s := r.dial(t)
	list, err := s.Devices(t.Context())
	must(t, err)
	if _, err := s.Open(t.Context(), list[0]); !errors.Is(err, usb.ErrBusy) {
		t.Errorf("Open of a device in use: %v, want %v", err, usb.ErrBusy)
	}
	for range 20 { // given back when Close returns
		must(t, dev.Close())
		dev, err = s.Open(t.Context(), list[0])
		must(t, err)
	}
	must(t, dev.Close())
	if _, err := requestImport(r.connect(t).conn, "9-9"); !errors.Is(err, usb.ErrGone) {
		t.Errorf("import of what is not there: %v, want %v", err, usb.ErrGone)
	}
}

// Close ends everything, at any time.
func TestServerClose(t *testing.T) {
	r := newRig(t)
	dev, q := r.up(t)
	in := alloc(t, q, epIn, 512)
	must(t, q.Submit(in))
	idle := r.connect(t)
	must(t, r.server.Close())
	must(t, r.server.Close())
	if x := reap(t, q, 1)[0]; !errors.Is(x.Err, usb.ErrGone) {
		t.Errorf("transfer in flight: %v, want %v", x.Err, usb.ErrGone)
	}
	<-dev.Gone()
	idle.wantEnd()
	if _, err := Dial(t.Context(), r.listener.Addr().Network(), r.listener.Addr().String()); err == nil {
		t.Error("a closed server answers")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, r.server.Serve(l)) // returns at once
}

// Linux's own tool reads our list.
func TestUsbipList(t *testing.T) {
	tool, err := exec.LookPath("/usr/sbin/usbip")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	newRigOn(t, l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	out, err := exec.CommandContext(t.Context(), tool, "--tcp-port", port, "list", "-r", "127.0.0.1").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"1-1: ", "(1209:0001)", "/sys/bus/usb/devices/1-1", "(02/06/00)", "(0a/00/00)"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in the list:\n%s", want, out)
		}
	}
	if testing.Verbose() {
		t.Logf("%s", out)
	}
}

// A list names every interface.
func TestServerListsInterfaces(t *testing.T) {
	c := newRig(t).connect(t)
	c.write(appendOp(nil, opReqDevlist, 0))
	b := make([]byte, opSize+4+recordSize+2*interfaceSize)
	_, err := io.ReadFull(c.conn, b)
	must(t, err)
	if n := binary.BigEndian.Uint32(b[opSize:]); n != 1 {
		t.Errorf("%d devices", n)
	}
	r, err := parseRecord([recordSize]byte(b[opSize+4:]))
	must(t, err)
	if r.interfaces != 2 || r.busID != "1-1" || r.configuration != 1 || r.speed != uint32(usb.SpeedHigh) {
		t.Errorf("record %+v", r)
	}
	if got, want := b[opSize+4+recordSize:], []byte{2, 6, 0, 0, 10, 0, 0, 0}; !bytes.Equal(got, want) {
		t.Errorf("interfaces % x, want % x", got, want)
	}
}
