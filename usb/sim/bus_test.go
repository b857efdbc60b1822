package sim

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"io-pkt/usb"
)

// watch starts a Watch whose events can be read.
func watch(t *testing.T, b *Bus) (events chan usb.Event, ended chan error) {
	events, ended = make(chan usb.Event, 16), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- b.Watch(ctx, func(e usb.Event) { events <- e }) }()
	t.Cleanup(cancel)
	return events, ended
}

func next(t *testing.T, events chan usb.Event) usb.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(10 * time.Second):
		t.Fatal("no event")
		return usb.Event{}
	}
}

func TestWatch(t *testing.T) {
	h := plug(t, Config{})
	events, ended := watch(t, h.bus)
	first := next(t, events)
	if !first.Present || first.Device.Port != "1-1" || first.Device.Bus != 1 {
		t.Errorf("first event %+v", first)
	}
	must(t, h.bus.Pull(h.dev))
	if e := next(t, events); e.Present || e.Device != first.Device {
		t.Errorf("after Pull: %+v", e)
	}
	must(t, h.bus.Plug(h.dev))
	second := next(t, events)
	if !second.Present || second.Device.Port != "1-1" || second.Device.Address == first.Device.Address {
		t.Errorf("after another Plug: %+v; want the same port, another address", second)
	}
	must(t, h.bus.Close())
	if err := <-ended; !errors.Is(err, usb.ErrClosed) {
		t.Errorf("Watch ended with %v, want ErrClosed", err)
	}
}

func TestWatchEndsWithContext(t *testing.T) {
	b := NewBus(1)
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Watch(ctx, func(usb.Event) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("Watch = %v, want context.Canceled", err)
	}
}

func TestPlug(t *testing.T) {
	h := plug(t, Config{})
	wantErr(t, "Plug twice", h.bus.Plug(h.dev), usb.ErrBusy)
	other := NewBus(2)
	defer other.Close()
	wantErr(t, "Plug into another bus", other.Plug(h.dev), usb.ErrBusy)
	must(t, h.bus.Pull(h.dev))
	wantErr(t, "Pull twice", h.bus.Pull(h.dev), usb.ErrNotFound)
	must(t, h.dev.Close())
	wantErr(t, "Plug a closed device", h.bus.Plug(h.dev), usb.ErrClosed)
}

func TestDevices(t *testing.T) {
	h := plug(t, Config{})
	second, err := NewDevice(Config{Speed: usb.SpeedSuper})
	must(t, err)
	must(t, h.bus.Plug(second))
	var got []string
	list, err := h.bus.Devices(t.Context())
	must(t, err)
	for _, d := range list {
		got = append(got, d.Port+" "+d.Speed.String()+" "+d.String())
	}
	want := []string{"1-1 high bus 1 device 1 (1209:0001)", "1-2 super bus 1 device 2 (1209:0001)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Pulling ends whatever is going on with ErrGone.
func TestPull(t *testing.T) {
	h := up(t, Config{})
	var all []*usb.Transfer
	for range 8 {
		all = append(all, alloc(t, h.data, epIn, 512))
	}
	must(t, h.data.Submit(all...))
	note := alloc(t, h.notify, epNotify, 16)
	for range 3 { // the two notifications of the start, and one that waits
		must(t, h.notify.Submit(note))
		if note.Actual > 0 {
			reap(t, h.notify, 1)
		}
	}
	must(t, h.dev.SetFault(Silence, 1))
	answered := make(chan error, 1)
	go func() {
		_, err := h.control(usb.DirIn, usb.ReqGetStatus, 0, 0, make([]byte, 2))
		answered <- err
	}()
	must(t, h.bus.Pull(h.dev))
	<-h.usb.Gone()
	for i, x := range reap(t, h.data, len(all)) {
		if x != all[i] {
			t.Error("out of order")
		}
		wantErr(t, "bulk transfer", x.Err, usb.ErrGone)
	}
	wantErr(t, "notification", reap(t, h.notify, 1)[0].Err, usb.ErrGone)
	wantErr(t, "control request", <-answered, usb.ErrGone)

	must(t, h.data.Submit(all[0]))
	wantErr(t, "transfer afterwards", reap(t, h.data, 1)[0].Err, usb.ErrGone)
	wantErr(t, "Claim", h.usb.Claim(0), usb.ErrGone)
	wantErr(t, "SetInterface", h.usb.SetInterface(t.Context(), ifData, 0), usb.ErrGone)
	wantErr(t, "ClearHalt", h.data.ClearHalt(t.Context(), epIn), usb.ErrGone)
	_, err := h.bus.Open(t.Context(), h.usb.Info())
	wantErr(t, "Open", err, usb.ErrGone)

	must(t, h.bus.Plug(h.dev))
	wantErr(t, "Claim by the old handle", h.usb.Claim(0), usb.ErrGone)
	must(t, h.usb.Close())
	must(t, h.usb.Close())
}

// Pulling while frames fly in both directions, many times over.
func TestPullWhileMoving(t *testing.T) {
	h := plug(t, Config{Network: NewMirror()})
	for range 50 {
		h.open()
		must(t, h.usb.Claim(ifData))
		must(t, h.usb.SetInterface(t.Context(), ifData, 1))
		h.filter(filterPromiscuous)
		q, err := h.usb.OpenQueue(ifData)
		must(t, err)
		var all []*usb.Transfer
		for range 16 {
			in, out := alloc(t, q, epIn, 2048), alloc(t, q, epOut, 1514)
			copy(out.Buf, frame(1514))
			all = append(all, in, out)
		}
		must(t, q.Submit(all...))
		pulled := make(chan error, 1)
		go func() { pulled <- h.bus.Pull(h.dev) }()
		left := len(all)
		for left > 0 {
			for _, x := range reap(t, q, 1) {
				if x.Err != nil {
					wantErr(t, "transfer", x.Err, usb.ErrGone)
					left--
					continue
				}
				must(t, q.Submit(x))
			}
		}
		must(t, <-pulled)
		must(t, h.usb.Close())
		must(t, h.bus.Plug(h.dev))
	}
}

func TestClaim(t *testing.T) {
	h := plug(t, Config{})
	h.open()
	first := h.usb
	h.open()
	second := h.usb
	must(t, first.Claim(ifData))
	wantErr(t, "Claim by another", second.Claim(ifData), usb.ErrBusy)
	wantErr(t, "Claim again", first.Claim(ifData), usb.ErrBusy)
	wantErr(t, "Release by another", second.Release(ifData), usb.ErrNotFound)
	wantErr(t, "Claim of nothing", first.Claim(7), usb.ErrNotFound)
	wantErr(t, "SetConfiguration", second.SetConfiguration(t.Context(), 0), usb.ErrBusy)
	_, err := second.OpenQueue(ifData)
	wantErr(t, "OpenQueue by another", err, usb.ErrNotFound)
	q, err := first.OpenQueue(ifData)
	must(t, err)
	_, err = first.OpenQueue(ifData)
	wantErr(t, "a second queue", err, usb.ErrBusy)

	must(t, first.SetInterface(t.Context(), ifData, 1))
	must(t, first.Release(ifData))
	_, err = q.Reap(make([]*usb.Transfer, 1))
	wantErr(t, "Reap after Release", err, usb.ErrClosed)
	alt := make([]byte, 1)
	_, err = h.control(usb.DirIn|usb.RecipientInterface, usb.ReqGetInterface, 0, ifData, alt)
	if err != nil || alt[0] != 0 {
		t.Errorf("setting after Release = %d, %v; want 0", alt[0], err)
	}
	must(t, second.Claim(ifData))
	must(t, second.Close())
	must(t, first.Claim(ifData))
	wantErr(t, "Claim after Close", second.Claim(ifControl), usb.ErrClosed)
}

func TestConfigRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"speed":         {Speed: usb.SpeedLow},
		"MAC":           {MAC: []byte{1, 2, 3}},
		"small segment": {SegmentSize: 63},
		"large segment": {SegmentSize: 65536},
		"notifications": {NotifyPacket: 7},
	} {
		if _, err := NewDevice(c); !errors.Is(err, usb.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", name, err)
		}
	}
}
