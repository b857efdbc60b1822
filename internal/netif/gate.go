package netif

import (
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// A gate bounds what waits in the kernel's queue of the bulk lane, in bytes. A TAP takes
// from its senders whatever there is room for, so that TCP does not know how much of what
// it sends waits there: on the way to a slow modem all of it, 0.4 s at 2.4 Mb/s, and each
// byte of another connection behind that. A sender whose frame the gate refuses is told
// that it is not sent, and TCP sends less and tries again.
//
// The kernel runs the gate's program for each frame, which shares its counters with this
// process. A gate is nil where there is none.
type gate struct {
	memory []byte
	*gateCounters
}

// gateCounters are laid out as the program has them.
type gateCounters struct {
	entered atomic.Int64
	left    atomic.Int64
	room    atomic.Int64 // of what has entered and not left
}

// Offsets in the program's context (struct __sk_buff) and in the counters.
const (
	skbLen, skbQueue, skbTagged        = 0, 12, 20
	enteredAt, leftAt, roomAt, gateEnd = 0, 8, 16, 24
)

// newGate gives a TAP its gate. It takes CAP_BPF, and Linux 5.5.
func newGate(fd int) (*gate, error) {
	counters, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "ecm_gate", Type: ebpf.Array, KeySize: 4, ValueSize: gateEnd, MaxEntries: 1, Flags: unix.BPF_F_MMAPABLE,
	})
	if err != nil {
		return nil, err
	}
	defer counters.Close()
	program, err := gateProgram(counters.FD())
	if err != nil {
		return nil, err
	}
	defer program.Close()
	memory, err := unix.Mmap(counters.FD(), 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mapping the gate's counters", err)
	}
	g := &gate{memory: memory, gateCounters: (*gateCounters)(unsafe.Pointer(&memory[0]))}
	g.room.Store(math.MaxInt64)
	if err := unix.IoctlSetPointerInt(fd, unix.TUNSETFILTEREBPF, program.FD()); err != nil {
		_ = g.close()
		return nil, os.NewSyscallError("setting the gate", err)
	}
	return g, nil
}

// gateProgram lets a frame pass that is not for the bulk lane, or while there is less in
// that than the room; it gives how many bytes of the frame to keep. A tag is in
// the frame only when it is read.
func gateProgram(counters int) (*ebpf.Program, error) {
	const frame, shared, length = asm.R1, asm.R2, asm.R3
	code := asm.Instructions{
		asm.LoadMem(asm.R0, frame, skbQueue, asm.Word),
		asm.JNE.Imm(asm.R0, bulk, "pass"),
		asm.LoadMapValue(shared, counters, 0),
		asm.LoadMem(asm.R0, shared, enteredAt, asm.DWord),
		asm.LoadMem(asm.R4, shared, leftAt, asm.DWord),
		asm.Sub.Reg(asm.R0, asm.R4),
		asm.LoadMem(asm.R4, shared, roomAt, asm.DWord),
		asm.JSGE.Reg(asm.R0, asm.R4, "refuse"),
		asm.LoadMem(length, frame, skbTagged, asm.Word),
		asm.LSh.Imm(length, 2), // tagLen
		asm.LoadMem(asm.R4, frame, skbLen, asm.Word),
		asm.Add.Reg(length, asm.R4),
		asm.StoreXAdd(shared, length, asm.DWord),
		asm.LoadImm(asm.R0, math.MaxInt32, asm.DWord).WithSymbol("pass"),
		asm.Return(),
		asm.LoadImm(asm.R0, 0, asm.DWord).WithSymbol("refuse"),
		asm.Return(),
	}
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "ecm_gate", Type: ebpf.SocketFilter, Instructions: code, License: "BSD"})
	if err != nil {
		return nil, fmt.Errorf("loading the gate: %w", err)
	}
	return p, nil
}

// took counts a frame that was read.
func (g *gate) took(length int) {
	if g != nil {
		g.left.Add(int64(length))
	}
}

// empty counts as read what has entered: nothing waits any more, also of what the kernel
// has dropped behind the gate.
func (g *gate) empty() {
	if g != nil {
		g.left.Store(g.entered.Load())
	}
}

func (g *gate) close() error {
	if g == nil {
		return nil
	}
	return unix.Munmap(g.memory)
}

// Backlog bounds what waits of TCP's frames, as nic.Port says, where there is a gate.
func (t *TAP) Backlog(frames int) {
	g := t.lanes[bulk].gate
	switch {
	case g == nil:
	case frames == 0:
		g.room.Store(math.MaxInt64)
	default:
		g.room.Store(int64(frames) * int64(t.lanes[bulk].room))
	}
}
