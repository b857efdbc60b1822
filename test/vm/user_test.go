package vm

import "testing"

// io-pkt gives up being root, and still opens the nodes of devices that are plugged
// in later, which are root's.
func TestUser(t *testing.T) {
	g := newGuest(t)
	g.commands(programs)
	t.Log(g.run("user.sh"))
}
