package netif

import "testing"

func TestGroups(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	s := newSender(t, tap.Index())
	to := func(mac string) []byte {
		f := frame(60, 1)
		copy(f, mac)
		return f
	}
	one, some, all := to("\x02\x00\x00\x00\x00\x09"), to("\x01\x00\x5e\x00\x00\x01"), to("\xff\xff\xff\xff\xff\xff")
	before := tap.Groups()
	for _, f := range [][]byte{one, some, all, all, all} {
		s.send(t, f)
	}
	for n := 0; n < 5; {
		n += len(fetch(t, tap, buffers(8, 1518)))
	}
	if err := tap.Deliver([][]byte{one, some, some, all, {0xff}}); err != nil {
		t.Fatal(err)
	}
	after := tap.Groups()
	// The kernel sends IGMP reports, too, to groups.
	if n := after.OutMulticasts - before.OutMulticasts; n < 1 {
		t.Errorf("%d frames to groups, want one or more", n)
	}
	after.OutMulticasts = before.OutMulticasts
	before.InMulticasts += 2
	before.InBroadcasts++
	before.OutBroadcasts += 3
	if after != before {
		t.Errorf("%+v, want %+v", after, before)
	}
}
