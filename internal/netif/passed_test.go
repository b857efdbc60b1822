package netif

import (
	"testing"

	"io-pkt/internal/nic"
)

func TestPassed(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	s := newSender(t, tap.Index())
	to := func(mac string, length int) []byte {
		f := frame(length, 1)
		copy(f, mac)
		return f
	}
	one, some, all := to("\x02\x00\x00\x00\x00\x09", 60), to("\x01\x00\x5e\x00\x00\x01", 70), to("\xff\xff\xff\xff\xff\xff", 80)
	want := tap.Passed()
	for _, f := range [][]byte{one, some, all, all, all} {
		s.send(t, f)
	}
	// The kernel sends IGMP reports, too, to groups.
	bufs, lens := buffers(8, 1518), make([]int, 8)
	for ours := 0; ours < 5; {
		n, err := tap.Fetch(nic.Everywhere, bufs, lens)
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range bufs[:n] {
			want.OutPackets++
			want.OutBytes += uint64(lens[i])
			switch {
			case b[0] == 0xff:
				want.OutBroadcasts++
			case b[0] == 0x01:
				want.OutMulticasts++
			}
			if b[12] == testType>>8 {
				ours++
			}
		}
	}
	if err := tap.Deliver([][]byte{one, some, some, all, {0xff}}); err != nil {
		t.Fatal(err)
	}
	want.InPackets += 4
	want.InBytes += 60 + 70 + 70 + 80
	want.InMulticasts += 2
	want.InBroadcasts++
	if got := tap.Passed(); got != want || got.OutBroadcasts != 3 || got.OutMulticasts == 0 {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Large frames count as what they are on the wire, where the kernel has far fewer.
func TestPassedLarge(t *testing.T) {
	w := newWire(t)
	transfer(t, far4, 4<<20)
	transfer(t, far6, 4<<20)
	datagrams(t, w)
	w.stop()
	near, far := w.near.Passed(), w.far.Passed()
	for _, way := range []struct {
		name                   string
		moved, fetched, handed moved
	}{
		{"out", w.out, moved{near.OutPackets, near.OutBytes}, moved{far.InPackets, far.InBytes}},
		{"in", w.in, moved{far.OutPackets, far.OutBytes}, moved{near.InPackets, near.InBytes}},
	} {
		if way.fetched != way.moved || way.handed != way.moved {
			t.Errorf("%s: %+v fetched and %+v delivered, want %+v", way.name, way.fetched, way.handed, way.moved)
		}
	}
	state, err := Read(w.near.Index())
	if err != nil {
		t.Fatal(err)
	}
	if k := state.Stats; k.OutPackets > near.OutPackets*2/3 || k.InPackets > near.InPackets*2/3 {
		t.Errorf("the kernel has %d out and %d in, want far fewer than %d and %d", k.OutPackets, k.InPackets, near.OutPackets, near.InPackets)
	}
}
