package netif

import (
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"time"
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
// What TCP sends is refused as CoDel drops (RFC 8289): a burst is let in, and when there
// has been more than there should be for 0.1 s, one frame is refused, and more and more
// often others as long as that lasts. Where all that is too much is refused, a connection
// over 40 ms has 79 Mb/s, in the guest that counts instructions, instead of 347.
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
	most    atomic.Int64 // with a burst

	// The program's.
	due     atomic.Int64 // when it refuses one beyond room, by CLOCK_MONOTONIC; 0 while there is room
	refused atomic.Int64 // so many of these, since there was room
}

// interval is CoDel's (RFC 8289, 4.3).
const interval = 100 * time.Millisecond

// mostRoom is as much as fits into a queue without a gate, in bytes.
const mostRoom = queueLen * maxLarge

// Offsets in the program's context (struct __sk_buff) and in a queued.
const (
	skbLen, skbQueue, skbTagged       = 0, 12, 20
	enteredAt, leftAt, roomAt, mostAt = 0, 8, 16, 24
	dueAt, refusedAt, queuedLen       = 32, 40, 48
)

// newGate gives a TAP its gate, which has no room yet. It takes CAP_BPF, and Linux 5.8.
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
	if err := unix.IoctlSetPointerInt(fd, unix.TUNSETFILTEREBPF, program.FD()); err != nil {
		_ = g.close()
		return nil, os.NewSyscallError("setting the gate", err)
	}
	return g, nil
}

// gateProgram lets a frame pass for which there is room in its lane, one that would be
// alone there, and as CoDel says others; it gives how many bytes of the frame to keep.
// Where large frames have taken the room there is some left for small ones. A tag is in
// the frame only when it is read.
func gateProgram(counters int) (*ebpf.Program, error) {
	const frame, lane, length = asm.R1, asm.R6, asm.R7
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
		asm.JSLE.Imm(asm.R0, 0, "room"),
		asm.Add.Reg(asm.R0, length),
		asm.LoadMem(asm.R4, lane, roomAt, asm.DWord),
		asm.JSLE.Reg(asm.R0, asm.R4, "room"),
		asm.LoadMem(asm.R4, lane, mostAt, asm.DWord),
		asm.JSGT.Reg(asm.R0, asm.R4, "refuse"),

		// Beyond room: since now, or is one due?
		asm.FnKtimeGetNs.Call(),
		asm.LoadMem(asm.R1, lane, dueAt, asm.DWord),
		asm.JNE.Imm(asm.R1, 0, "stays"),
		asm.Mov.Reg(asm.R1, asm.R0),
		asm.Add.Imm(asm.R1, int32(interval)),
		asm.StoreMem(lane, dueAt, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R1, 0),
		asm.StoreMem(lane, refusedAt, asm.R1, asm.DWord),
		asm.Ja.Label("enter"),
		asm.JLT.Reg(asm.R0, asm.R1, "enter").WithSymbol("stays"),
		asm.LoadMem(asm.R1, lane, refusedAt, asm.DWord),
		asm.Add.Imm(asm.R1, 1),
		asm.StoreMem(lane, refusedAt, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R2, int32(interval)),
	}
	for n := int32(4); n <= 1<<12; n *= 4 { // half for four times as many: CoDel has the square root
		code = append(code, asm.JLT.Imm(asm.R1, n, "next"), asm.RSh.Imm(asm.R2, 1))
	}
	code = append(code,
		asm.Add.Reg(asm.R0, asm.R2).WithSymbol("next"),
		asm.StoreMem(lane, dueAt, asm.R0, asm.DWord),
		asm.Ja.Label("refuse"),

		asm.Mov.Imm(asm.R1, 0).WithSymbol("room"),
		asm.StoreMem(lane, dueAt, asm.R1, asm.DWord),
		asm.StoreXAdd(lane, length, asm.DWord).WithSymbol("enter"),
		asm.LoadImm(asm.R0, math.MaxInt32, asm.DWord).WithSymbol("pass"),
		asm.Return(),
		asm.LoadImm(asm.R0, 0, asm.DWord).WithSymbol("refuse"),
		asm.Return(),
	)
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

// What of the frames that Backlog is given may be there with a burst of TCP's, and of what
// is not TCP's, of which none is refused before that: as TCP gives in, and few others do.
const (
	burst  = 40
	others = 10
)

// Backlog bounds what waits, as nic.Port says, where there is a gate. There is always room
// for the largest datagram, which comes as 45 frames at once.
func (t *TAP) Backlog(frames int) {
	if t.gate == nil {
		return
	}
	room := func(n int) int64 {
		if frames == 0 {
			return mostRoom
		}
		return min(int64(n)*int64(headerLen+tagLen+t.maxMTU), mostRoom)
	}
	tcp, rest := &t.gate.lanes[bulk], &t.gate.lanes[prompt]
	tcp.room.Store(room(frames))
	tcp.most.Store(room(max(burst*frames, queueLen)))
	all := room(max(others*frames, queueLen))
	rest.room.Store(all)
	rest.most.Store(all)
}
