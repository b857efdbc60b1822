package vm

import "testing"

// programs are the commands that the scripts type, by all their names.
var programs = map[string][]string{
	"io-pkt":   {"io-pkt-v4-hc", "io-pkt-v6-hc"},
	"ifconfig": nil,
	"if_up":    nil,
	"sloginfo": nil,
}

// The whole workflow, from io-pkt to destroy, on Linux's ECM gadget.
func TestWorkflow(t *testing.T) {
	g := newGuest(t)
	g.commands(programs)
	g.wantSpeeds(g.run("ecm.sh", speeds...))
}

// IPv6, captures and a bridge on Linux's ECM gadget.
func TestLAN(t *testing.T) {
	g := newGuest(t)
	g.commands(programs)
	t.Log(g.run("lan.sh"))
}

// Eight gadgets at once.
func TestEight(t *testing.T) {
	g := newGuest(t)
	g.commands(programs)
	t.Log(g.run("eight.sh"))
}

// The gadget is pulled and plugged in while io-pkt runs and data moves.
func TestHotPlug(t *testing.T) {
	g := newGuest(t)
	g.commands(programs)
	t.Log(g.run("pnp.sh"))
}

// Devices with descriptors that make no sense, beside the gadget, and a reset of it.
func TestHostileDevice(t *testing.T) {
	g := newGuest(t)
	g.commands(programs)
	g.commands(map[string][]string{"io-usb": nil})
	t.Log(g.run("hostile.sh"))
}
