package sim

// A Network is what is behind a device.
type Network interface {
	// Start says where frames for the host go. deliver may be called by any
	// goroutine until Close returns; it takes what it needs from frames before
	// it returns, does not block, and drops what the device has no room for.
	Start(deliver func(frames [][]byte)) error

	// Send takes frames from the host, each at least 14 bytes and at most
	// wMaxSegmentSize long. They are the device's again when it returns. It is
	// called by one goroutine at a time, between Start and Close.
	Send(frames [][]byte)

	// Close ends the network's goroutines. It may be called more than once.
	Close() error
}

// A Mirror is a Network that sends every frame back to where it came from. It
// starts no goroutine.
type Mirror struct {
	deliver func([][]byte)
	frames  [][]byte // reused
}

// NewMirror makes a Mirror.
func NewMirror() *Mirror { return &Mirror{} }

// Start is Network's.
func (m *Mirror) Start(deliver func([][]byte)) error {
	m.deliver = deliver
	return nil
}

// Send is Network's: the frames come back with their addresses swapped.
func (m *Mirror) Send(frames [][]byte) {
	for len(m.frames) < len(frames) {
		m.frames = append(m.frames, nil)
	}
	for i, f := range frames {
		b := append(m.frames[i][:0], f[6:12]...)
		b = append(b, f[0:6]...)
		m.frames[i] = append(b, f[12:]...)
	}
	m.deliver(m.frames[:len(frames)])
}

// Close is Network's.
func (m *Mirror) Close() error { return nil }

// none is the network behind a device that has none.
type none struct{}

func (none) Start(func([][]byte)) error { return nil }
func (none) Send([][]byte)              {}
func (none) Close() error               { return nil }

// A backlog holds frames that the host has not asked for yet.
type backlog struct {
	slots [][]byte // a ring; the buffers are made when first needed, and kept
	first int
	n     int
	off   int // how much of the first frame has been sent
}

// backlogBytes bounds what a backlog holds.
const backlogBytes = 2 << 20

func newBacklog(segment int) backlog {
	return backlog{slots: make([][]byte, max(backlogBytes/max(segment, 512), 16))}
}

// push appends a frame; false when there is no room.
func (b *backlog) push(frame []byte) bool {
	if b.n == len(b.slots) {
		return false
	}
	i := (b.first + b.n) % len(b.slots)
	b.slots[i] = append(b.slots[i][:0], frame...)
	b.n++
	return true
}

func (b *backlog) front() []byte { return b.slots[b.first] }

func (b *backlog) pop() {
	b.first = (b.first + 1) % len(b.slots)
	b.n--
	b.off = 0
}

func (b *backlog) clear() { b.n, b.off = 0, 0 }
