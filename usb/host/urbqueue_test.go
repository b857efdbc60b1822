package host

import (
	"os"
	"testing"
	"time"

	"io-pkt/usb"
	"io-pkt/usb/usbtest"
)

// Where the gadget's ECM pipes are, found in its descriptors.
func dataPipes(t *testing.T, d *Device) (in, out uint8) {
	t.Helper()
	for addr := range d.claims[ecmData].endpoints {
		if addr&usb.DirIn != 0 {
			in = addr
		} else {
			out = addr
		}
	}
	return in, out
}

// openData claims the data interface and opens its queue.
func openData(t *testing.T, d *Device) *urbQueue {
	t.Helper()
	if err := d.Claim(ecmData); err != nil {
		t.Fatal(err)
	}
	if err := d.SetInterface(t.Context(), ecmData, 1); err != nil {
		t.Fatal(err)
	}
	q, err := d.OpenQueue(ecmData)
	if err != nil {
		t.Fatal(err)
	}
	return q.(*urbQueue)
}

// sendAll submits transfers and waits for all of them.
func sendAll(t *testing.T, q usb.Queue, ts, ended []*usb.Transfer) {
	if err := q.Submit(ts...); err != nil {
		t.Fatal(err)
	}
	for left := len(ts); left > 0; {
		n, err := q.Reap(ended)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range ended[:n] {
			if x.Err != nil || x.Actual != x.Length {
				t.Fatalf("%d of %d bytes sent: %v", x.Actual, x.Length, x.Err)
			}
		}
		if left -= n; left > 0 && n == 0 && !usbtest.Ready(t, q, 20*time.Second) {
			t.Fatalf("%d transfers do not end", left)
		}
	}
}

func allocAll(t *testing.T, q usb.Queue, endpoint uint8, size, n int) []*usb.Transfer {
	t.Helper()
	ts := make([]*usb.Transfer, n)
	for i := range ts {
		x, err := q.Alloc(endpoint, size)
		if err != nil {
			t.Fatal(err)
		}
		x.Length = min(size, 60)
		ts[i] = x
	}
	return ts
}

func TestTransfersDoNotAllocate(t *testing.T) {
	d := plugged(t)
	q := openData(t, d)
	_, out := dataPipes(t, d)
	ts := allocAll(t, q, out, 2048, 16)
	ended := make([]*usb.Transfer, 64)
	if n := testing.AllocsPerRun(50, func() { sendAll(t, q, ts, ended) }); n > 0 {
		t.Errorf("%v allocations for %d transfers", n, len(ts))
	}
}

// More buffers than usbfs wants to give are ordinary memory, and work.
func TestMemoryBeyondUsbfsLimit(t *testing.T) {
	const limit = "/sys/module/usbcore/parameters/usbfs_memory_mb"
	d := plugged(t)
	old, err := os.ReadFile(limit)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(limit, []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.WriteFile(limit, old, 0) })

	q := openData(t, d)
	_, out := dataPipes(t, d)
	ts := allocAll(t, q, out, usb.MaxTransfer, 16)
	for i, x := range ts {
		x.Buf[0], x.Buf[len(x.Buf)-1] = byte(i), byte(i)
	}
	sendAll(t, q, ts, make([]*usb.Transfer, 64))

	// What the kernel refuses comes back with an error, and nothing hangs.
	for _, x := range ts {
		x.Length = len(x.Buf)
	}
	if err := q.Submit(ts...); err != nil {
		t.Fatal(err)
	}
	ended, refused := make([]*usb.Transfer, len(ts)), 0
	for got := 0; got < len(ts); {
		if !usbtest.Ready(t, q, 20*time.Second) {
			t.Fatalf("%d of %d transfers came back", got, len(ts))
		}
		n, err := q.Reap(ended)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range ended[:n] {
			if x != ts[got+i] {
				t.Error("transfers do not come back in order")
			}
			if x.Err != nil {
				refused++
			}
		}
		got += n
	}
	if refused == 0 {
		t.Error("4 MiB were in flight with a limit of 1 MiB")
	}
}

// Whoever polls sleeps again after a device was pulled and all was reaped.
func TestPulledQueueIsQuiet(t *testing.T) {
	needGadget(t)
	plugGadget(t)
	d := openGadget(t)
	q := openData(t, d)
	in, _ := dataPipes(t, d)
	ts := allocAll(t, q, in, 2048, 4)
	if err := q.Submit(ts...); err != nil {
		t.Fatal(err)
	}
	pullGadget(t)
	<-d.Gone()
	ended := make([]*usb.Transfer, 64)
	for got := 0; usbtest.Ready(t, q, 0) || got < len(ts); {
		n, err := q.Reap(ended)
		if err != nil {
			t.Fatal(err)
		}
		got += n
	}
	if n, err := q.Reap(ended); n != 0 || err != nil {
		t.Errorf("Reap = %d, %v; want nothing", n, err)
	}
	if usbtest.Ready(t, q, 0) {
		t.Error("ready with nothing to hand back")
	}
}
