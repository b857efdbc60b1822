package netif

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// The lanes of a TAP, each with a queue of its own in the kernel. In bulk is what TCP
// sends, which takes all the room there is; in prompt is all else, acknowledgments
// among it, which then need not wait behind that.
const (
	bulk = iota
	prompt
)

// Offsets in a frame that begins with an Ethernet header (RFC 791, 3.1; RFC 8200, 3;
// RFC 9293, 3.1).
const (
	typeAt      = 12
	protocol4At = headerLen + 9
	protocol6At = headerLen + 6
	header6     = headerLen + 40
	dataOffset  = 12 // in TCP's header
	flagsAt     = 13
	finOrRST    = 0x01 | 0x04
)

// newSteering loads the program that says which lane a frame belongs to. A flow's
// frames stay in order, but that TCP's acknowledgments may overtake its data, which
// does no harm: they say themselves what they are about. A FIN or RST may not. For a
// frame that ends before its headers do the kernel ends the program with 0, bulk.
//
// It takes CAP_BPF, and Linux 4.16.
func newSteering() (*ebpf.Program, error) {
	const frame, tcp = asm.R6, asm.R7
	end := func(lane int64, label string) asm.Instructions {
		return asm.Instructions{asm.LoadImm(asm.R0, lane, asm.DWord).WithSymbol(label), asm.Return()}
	}
	code := asm.Instructions{
		asm.Mov.Reg(frame, asm.R1), // where LoadAbs and LoadInd expect it
		asm.LoadAbs(typeAt, asm.Half),
		asm.JEq.Imm(asm.R0, unix.ETH_P_IPV6, "inet6"),
		asm.JNE.Imm(asm.R0, unix.ETH_P_IP, "prompt"),
		asm.LoadAbs(protocol4At, asm.Byte),
		asm.JNE.Imm(asm.R0, unix.IPPROTO_TCP, "prompt"),
		asm.LoadAbs(headerLen, asm.Byte),
		asm.And.Imm(asm.R0, 0x0f),
		asm.LSh.Imm(asm.R0, 2),
		asm.Add.Imm(asm.R0, headerLen),
		asm.Mov.Reg(tcp, asm.R0),
		asm.Ja.Label("tcp"),

		asm.LoadAbs(protocol6At, asm.Byte).WithSymbol("inet6"),
		asm.JNE.Imm(asm.R0, unix.IPPROTO_TCP, "prompt"),
		asm.Mov.Imm(tcp, header6),

		asm.LoadInd(asm.R0, tcp, flagsAt, asm.Byte).WithSymbol("tcp"),
		asm.JSet.Imm(asm.R0, finOrRST, "bulk"),
		asm.LoadInd(asm.R0, tcp, dataOffset, asm.Byte),
		asm.RSh.Imm(asm.R0, 4),
		asm.LSh.Imm(asm.R0, 2),
		asm.Add.Reg(tcp, asm.R0),
		asm.LoadMem(asm.R0, frame, 0, asm.Word), // the length
		asm.JGT.Reg(asm.R0, tcp, "bulk"),
	}
	code = append(code, end(prompt, "prompt")...)
	code = append(code, end(bulk, "bulk")...)
	return ebpf.NewProgram(&ebpf.ProgramSpec{Name: "ecm_lane", Type: ebpf.SocketFilter, Instructions: code, License: "BSD"})
}
