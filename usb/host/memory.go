package host

import (
	"golang.org/x/sys/unix"
)

const (
	// areaSize is what is mapped at a time. The kernel wants such an area in
	// one piece, and pieces of 64 KiB are still to be had when memory is
	// fragmented.
	areaSize = 64 << 10
	// cacheLine keeps two buffers out of one line.
	cacheLine = 64
)

// A memory gives out transfer buffers. They are mapped from usbfs, so that the
// host controller reads and writes them in place; usbfs counts them against the
// machine's usbfs_memory_mb (16 MB unless changed). Where it refuses (memory used
// up, or a kernel before 4.6), they are ordinary memory and the kernel copies.
// Either way they are outside Go's heap, and so stay where they are while the
// kernel holds their addresses.
type memory struct {
	fd    int
	areas [][]byte
	free  []byte // the rest of the newest area
}

// alloc gives size bytes, which live until close.
func (m *memory) alloc(size int) ([]byte, error) {
	if size > len(m.free) {
		if err := m.grow(max(size, areaSize)); err != nil {
			return nil, err
		}
	}
	b := m.free[:size:size]
	m.free = m.free[min((size+cacheLine-1)&^(cacheLine-1), len(m.free)):]
	return b, nil
}

func (m *memory) grow(size int) error {
	page := unix.Getpagesize()
	size = (size + page - 1) / page * page
	area, err := unix.Mmap(m.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		area, err = anonymous(size)
	}
	if err != nil {
		return err
	}
	m.areas = append(m.areas, area)
	m.free = area
	return nil
}

// anonymous gives ordinary memory outside Go's heap.
func anonymous(size int) ([]byte, error) {
	return unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
}

// close frees everything; no buffer may be touched any more.
func (m *memory) close() {
	for _, a := range m.areas {
		_ = unix.Munmap(a)
	}
	m.areas, m.free = nil, nil
}
