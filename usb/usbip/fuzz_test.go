package usbip

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// Whatever a client says, its connection ends when it has said it, and the
// device is there for the next one.
func FuzzServer(f *testing.F) {
	r := newRig(f)
	devID := uint32(1<<16 | 1)
	f.Add(false, appendOp(nil, opReqDevlist, 0))
	f.Add(false, appendString(appendOp(nil, opReqImport, 0), "1-1", busIDSize))
	all := []byte{}
	for i, h := range []header{
		{command: cmdSubmit, direction: dirIn, endpoint: 1, length: 512},
		{command: cmdSubmit, direction: dirIn, endpoint: 1, length: 64, flags: flagShortNotOK},
		{command: cmdUnlink, target: 2},
		{command: cmdSubmit, endpoint: 2, flags: flagZeroPacket},
		{command: cmdSubmit, setup: usb.Setup{Request: usb.ReqSetConfiguration}.Bytes(0)},
		{command: cmdSubmit, setup: usb.Setup{RequestType: 1, Request: usb.ReqSetInterface, Value: 1, Index: 1}.Bytes(0)},
		{command: cmdSubmit, setup: usb.Setup{RequestType: 2, Request: usb.ReqClearFeature, Index: 0x81}.Bytes(0)},
		{command: cmdSubmit, direction: dirIn, length: 18, setup: usb.Setup{RequestType: 0x80, Request: 6, Value: 0x100}.Bytes(18)},
	} {
		h.seq, h.devID = uint32(i+100), devID
		f.Add(true, h.append(nil))
		all = h.append(all)
	}
	f.Add(true, all)
	f.Fuzz(func(t *testing.T, attached bool, say []byte) {
		c := r.connect(t)
		if attached {
			c = r.attach(t)
			// The device's address changes with nothing here, and a fuzzer
			// would have to guess it.
			c.up()
		}
		_, _ = c.conn.Write(say) // fails when the server has heard enough
		_ = c.conn.(*net.UnixConn).CloseWrite()
		c.wantEnd()
	})
}

// Whatever a server says, each transfer comes back once, with no more data than
// was asked for.
func FuzzClient(f *testing.F) {
	f.Add(append(ret(1, 4), "data"...))
	f.Add((&header{command: retUnlink, seq: 5, status: -int32(unix.ECONNRESET)}).append(ret(3, 100)))
	f.Add(append(append(ret(2, 512), make([]byte, 512)...), ret(4, 0)...))
	config := &usb.Config{Value: 1, Settings: []usb.Setting{{Endpoints: []usb.Endpoint{
		{Address: epIn, Attributes: usb.TransferBulk, MaxPacketSize: 512},
		{Address: epOut, Attributes: usb.TransferBulk, MaxPacketSize: 512},
	}}}}
	f.Fuzz(func(t *testing.T, say []byte) {
		near, far := socketPair(t)
		l, err := newLink(near, 1)
		must(t, err)
		d := &device{stack: &Stack{}, link: l, configs: []*usb.Config{config}, current: 1,
			turn: make(chan struct{}, 1), claims: make(map[uint8]*claim)}
		must(t, d.Claim(0))
		q, err := d.OpenQueue(0)
		must(t, err)
		ts := []*usb.Transfer{alloc(t, q, epIn, 512), alloc(t, q, epIn, 512), alloc(t, q, epOut, 100), alloc(t, q, epIn, 64)}
		must(t, q.Submit(ts...))
		q.Cancel(ts[1])
		_, _ = far.Write(say)
		_ = far.(*net.UnixConn).CloseWrite()
		seen := make(map[*usb.Transfer]bool)
		for _, x := range reap(t, q, len(ts)) {
			if seen[x] || x.Actual < 0 || x.Actual > x.Length {
				t.Fatalf("%d of %d bytes, %v, twice: %v", x.Actual, x.Length, x.Err, seen[x])
			}
			seen[x] = true
		}
		_, _ = io.Copy(io.Discard, far)
		must(t, d.Close())
	})
}

// socketPair gives two connections that are each other's peer.
func socketPair(t testing.TB) (near, far net.Conn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	var conns [2]net.Conn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "")
		conns[i], err = net.FileConn(file)
		_ = file.Close()
		must(t, err)
		t.Cleanup(func() { _ = conns[i].Close() })
	}
	must(t, conns[1].SetDeadline(time.Now().Add(patience)))
	return conns[0], conns[1]
}
