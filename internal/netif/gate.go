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

// A gate bounds what waits in the kernel's queues of a TAP's lanes, in bytes. A TAP takes
// from its senders whatever there is room for, so that TCP does not know how much of what
// it sends waits there: on the way to a slow modem all of it, 0.4 s at 2.4 Mb/s, and each
// byte of another connection behind that; and datagrams that the kernel leaves to us to
// cut, as QUIC's are, could be 4 MB. A sender whose frame the gate refuses is told that it
// is not sent. TCP sends less then, and tries again.
//
// The kernel runs the gate's program for each frame, which shares its counters with this
// process.
type gate struct {
	memory []byte
	lanes  *[2]queued
}

// A queued counts what is in a lane, in bytes, laid out as the program has it. It is nil
// where there is no gate.
type queued struct {
	entered atomic.Int64
	left    atomic.Int64
	room    atomic.Int64 // of what has entered and not left
}

// mostRoom is as much as fits into a queue without a gate, in bytes.
const mostRoom = queueLen * maxLarge

// Offsets in the program's context (struct __sk_buff) and in a queued.
const (
	skbLen, skbQueue, skbTagged          = 0, 12, 20
	enteredAt, leftAt, roomAt, queuedLen = 0, 8, 16, 24
)

// newGate gives a TAP its gate. It takes CAP_BPF, and Linux 5.5.
func newGate(fd int) (*gate, error) {
	counters, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "ecm_gate", Type: ebpf.Array, KeySize: 4, ValueSize: 2 * queuedLen, MaxEntries: 1, Flags: unix.BPF_F_MMAPABLE,
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
	g := &gate{memory, (*[2]queued)(unsafe.Pointer(&memory[0]))}
	for i := range g.lanes {
		g.lanes[i].room.Store(mostRoom)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TUNSETFILTEREBPF, program.FD()); err != nil {
		_ = g.close()
		return nil, os.NewSyscallError("setting the gate", err)
	}
	return g, nil
}

// gateProgram lets a frame pass for which there is room in its lane, and one that would be
// alone there; it gives how many bytes of the frame to keep. Where large frames have taken
// the room there is some left for small ones. A tag is in the frame only when it is read.
func gateProgram(counters int) (*ebpf.Program, error) {
	const frame, lane, length = asm.R1, asm.R2, asm.R3
	code := asm.Instructions{
		asm.LoadMem(asm.R0, frame, skbQueue, asm.Word),
		asm.LoadMapValue(lane, counters, 0),
		asm.JEq.Imm(asm.R0, bulk, "count"),
		asm.JNE.Imm(asm.R0, prompt, "pass"),
		asm.Add.Imm(lane, prompt*queuedLen),
		asm.LoadMem(asm.R0, lane, enteredAt, asm.DWord).WithSymbol("count"),
		asm.LoadMem(asm.R4, lane, leftAt, asm.DWord),
		asm.Sub.Reg(asm.R0, asm.R4),
		asm.LoadMem(length, frame, skbTagged, asm.Word),
		asm.LSh.Imm(length, 2), // tagLen
		asm.LoadMem(asm.R4, frame, skbLen, asm.Word),
		asm.Add.Reg(length, asm.R4),
		asm.JSLE.Imm(asm.R0, 0, "enter"),
		asm.Add.Reg(asm.R0, length),
		asm.LoadMem(asm.R4, lane, roomAt, asm.DWord),
		asm.JSGT.Reg(asm.R0, asm.R4, "refuse"),
		asm.StoreXAdd(lane, length, asm.DWord).WithSymbol("enter"),
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
func (q *queued) took(length int) {
	if q != nil {
		q.left.Add(int64(length))
	}
}

// empty counts as read what has entered: nothing waits any more, also of what the kernel
// has dropped behind the gate.
func (q *queued) empty() {
	if q != nil {
		q.left.Store(q.entered.Load())
	}
}

func (g *gate) close() error {
	if g == nil {
		return nil
	}
	return unix.Munmap(g.memory)
}

// Backlog bounds what waits, as nic.Port says, where there is a gate. Of what is not
// TCP's there may be more, for the largest datagram comes as 45 frames at once.
func (t *TAP) Backlog(frames int) {
	if t.gate == nil {
		return
	}
	room := [...]int{bulk: frames, prompt: max(frames, queueLen)}
	for i := range t.gate.lanes {
		bytes := mostRoom
		if frames > 0 {
			bytes = min(room[i]*(headerLen+tagLen+t.maxMTU), mostRoom)
		}
		t.gate.lanes[i].room.Store(int64(bytes))
	}
}
