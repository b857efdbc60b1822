package ecmdrv

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// Devices whose descriptors are not by the book move frames all the same.
func TestOddDescriptors(t *testing.T) {
	control, data := iface(0, 0, 2, 6), iface(1, 0, 10, 0)
	eth, interrupt := ethernet(iSimMAC, 1514), endpoint(0x83, usb.TransferInterrupt, 8)
	setting, pair := iface(1, 1, 10, 0), bulkPair(0x81, 0x01, 64)
	lie := func(class, subClass uint8) []byte {
		return []byte{8, usb.DescInterfaceAssociation, 0, 2, class, subClass, 0, 0}
	}
	for _, tt := range []struct {
		name   string
		config []byte
	}{
		{"by the book", config(control, union(0, 1), eth, interrupt, data, setting, pair)},
		{"association says RNDIS", config(lie(0xe0, 1), control, union(0, 1), eth, interrupt, data, setting, pair)},
		{"association says modem", config(lie(2, 2), control, union(0, 1), eth, interrupt, data, setting, pair)},
		{"no union", config(control, eth, interrupt, data, setting, pair)},
		{"behind the configuration", config(union(0, 1), eth, control, interrupt, data, setting, pair)},
		{"behind the endpoint", config(control, interrupt, union(0, 1), eth, data, setting, pair)},
		{"setting of class 0", config(control, union(0, 1), eth, interrupt, data, iface(1, 1, 0, 0), pair)},
		{"endpoints in setting 0", config(control, union(0, 1), eth, interrupt, data, pair)},
		{"endpoints in both settings", config(control, union(0, 1), eth, interrupt, data, pair, setting, pair)},
		{"one interface", config(control, eth, pair)},
		{"no notifications", config(control, union(0, 1), eth, data, setting, pair)},
		{"a modem in front", config(iface(2, 0, 2, 2), endpoint(0x85, usb.TransferInterrupt, 16),
			iface(3, 0, 10, 0), bulkPair(0x86, 6, 64), control, union(0, 1), eth, interrupt, data, setting, pair)},
		{"segment of 0", config(control, union(0, 1), ethernet(iSimMAC, 0), interrupt, data, setting, pair)},
		{"segment of 13", config(control, union(0, 1), ethernet(iSimMAC, 13), interrupt, data, setting, pair)},
		{"segment of 65535", config(control, union(0, 1), ethernet(iSimMAC, 65535), interrupt, data, setting, pair)},
		{"packets of 8", config(control, union(0, 1), eth, interrupt, data, setting, bulkPair(0x81, 0x01, 8))},
		{"packets of 1023", config(control, union(0, 1), eth, interrupt, data, setting, bulkPair(0x81, 0x01, 1023))},
		{"unknown descriptors", config([]byte{3, 0x21, 0}, control, []byte{5, 0x24, 0x77, 1, 2}, union(0, 1), eth, interrupt,
			[]byte{6, 0x30, 0, 0, 0, 0}, data, []byte{0, 0, 0}, setting, pair)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "", crafted(t, 0x1209, 1, tt.config))
			works(r.up("ecm0"))
		})
	}
}

// A device with more interfaces that look like something than anybody reads about does
// not push all else out of the log.
func TestManyNotes(t *testing.T) {
	var body [][]byte
	for i := range byte(100) {
		body = append(body, iface(i, 0, 0xff, 0xff), union(i, i+1), ethernet(iSimMAC, 1514))
	}
	r := newRig(t, "pnp", crafted(t, 0x9999, 2, config(body...)), echo(t))
	works(r.up("ecm0"))
	if lines := r.host.logged("9999:0002"); lines != maxListed+1 || r.host.logged("and 84 more lines like these") != 1 {
		t.Errorf("%d lines: %q", lines, r.host.log())
	}
}

// stubborn is a stack whose devices refuse to go to setting 0.
type stubborn struct{ usb.Stack }

func (s stubborn) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	d, err := s.Stack.Open(ctx, info)
	if err != nil {
		return nil, err
	}
	return stubbornDevice{d}, nil
}

type stubbornDevice struct{ usb.Device }

func (d stubbornDevice) SetInterface(ctx context.Context, i, alt uint8) error {
	if alt == 0 {
		return &usb.OpError{Op: "select setting 0 of", Object: fmt.Sprint("interface ", i), Err: usb.ErrStall}
	}
	return d.Device.SetInterface(ctx, i, alt)
}

// A device whose interface has one setting need not take a request for it.
func TestRefusesSetting(t *testing.T) {
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	r.plug(crafted(t, 0x1209, 1, config(iface(0, 0, 2, 6), union(0, 1), ethernet(iSimMAC, 1514),
		iface(1, 0, 10, 0), bulkPair(0x81, 0x01, 512))))
	r.load("", stubborn{lent{r.bus}})
	works(r.up("ecm0"))
}

// With pad a frame of whole packets ends with one more byte instead of a
// zero-length packet.
func TestPad(t *testing.T) {
	for _, options := range []string{"", "pad"} {
		t.Run("options "+options, func(t *testing.T) {
			r := newRig(t, "transmit=1,"+options, echo(t)) // each is written over the one before
			p := r.up("ecm0")
			buf := make([]byte, 2048)
			for _, length := range []int{1514, 60, 511, 512, 513, 1024} {
				f := pattern(length, length)
				p.send(f)
				want := mirrored(f)
				if options != "" && length%512 == 0 {
					want = append(want, 0)
				}
				if got := p.receive(buf); !slices.Equal(got, want) {
					t.Errorf("frame of %d bytes: got %d bytes back, want %d", length, len(got), len(want))
				}
			}
		})
	}
}
