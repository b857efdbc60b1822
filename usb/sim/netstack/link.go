package netstack

import (
	"bytes"
	"sync"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// A link is the stack's interface to the device: channel.Endpoint, but what it
// sends goes straight to the device instead of into a channel.
type link struct {
	*channel.Endpoint
	mac     []byte
	deliver func([][]byte)
	batches sync.Pool // of *batch: the stack sends from several goroutines
}

// A batch holds frames on their way to the device.
type batch struct {
	buf    []byte
	frames [][]byte
}

func newLink(c Config, deliver func([][]byte)) *link {
	l := &link{
		Endpoint: channel.New(0, uint32(c.MTU), tcpip.LinkAddress(c.MAC)),
		mac:      c.MAC, deliver: deliver,
	}
	l.batches.New = func() any { return new(batch) }
	// TCP cuts what it has to send into segments just before it sends them,
	// and passes them on all together.
	l.SupportedGSOKind = stack.GVisorGSOSupported
	return l
}

// WritePackets is stack.LinkWriter's.
func (l *link) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	b := l.batches.Get().(*batch)
	size := 0
	for _, p := range pkts.AsSlice() {
		size += p.Size()
	}
	if cap(b.buf) < size {
		b.buf = make([]byte, 0, size)
	}
	b.buf, b.frames = b.buf[:0], b.frames[:0]
	for _, p := range pkts.AsSlice() {
		start := len(b.buf)
		for _, s := range p.AsSlices() {
			b.buf = append(b.buf, s...)
		}
		b.frames = append(b.frames, b.buf[start:])
	}
	l.deliver(b.frames)
	l.batches.Put(b)
	return pkts.Len(), nil
}

// receive takes frames from the device. The stack takes whatever it is given;
// what is for other stations is left out here.
func (l *link) receive(frames [][]byte) {
	for _, f := range frames {
		if f[0]&1 == 0 && !bytes.Equal(f[:6], l.mac) {
			continue
		}
		p := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(f)})
		l.InjectInbound(0, p) // the Ethernet layer above reads the protocol
		p.DecRef()
	}
}
