package sim

import (
	"encoding/hex"

	"io-pkt/usb"
)

// A session is what a device is from the moment it is plugged in until it is
// pulled. What is below the line belongs to Device.mu.
type session struct {
	info usb.DeviceInfo
	gone chan struct{} // closed when it is pulled
	turn chan struct{} // holds one token: requests are made one at a time

	// ------
	config *usb.Config      // nil when not configured
	alts   map[uint8]uint8  // current setting, by interface
	claims map[uint8]*claim // by interface
	pipes  [32]*pipe        // by pipeIndex; of all settings of config

	ecm             function
	isECM           bool   // config has an ECM function
	mac             []byte // the host's address; nil when the device has no valid one
	in, out, notify *pipe  // its endpoints; in and out are nil unless the data interface is active

	filter    uint16 // SetEthernetPacketFilter
	multicast [][6]byte
	notes     [][]byte // notifications to be sent
	noteOff   int      // how much of the first one has been sent
	frame     assembly // the frame the host is sending
}

// A claim is one interface in the hands of one open device.
type claim struct {
	holder *handle
	queue  *queue // or nil
}

func pipeIndex(address uint8) int { return int(address&0x0f | address&usb.DirIn>>3) }

func newSession(info usb.DeviceInfo) *session {
	return &session{info: info, gone: make(chan struct{}), turn: make(chan struct{}, 1), claims: map[uint8]*claim{}}
}

// attach is called by the bus: the device gets power and, as an operating
// system's enumeration does, its first configuration.
func (d *Device) attach(b *Bus, info usb.DeviceInfo) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return usb.ErrClosed
	case d.session != nil: // in another bus
		return usb.ErrBusy
	}
	d.bus = b
	d.session = newSession(info)
	d.stats = Stats{}
	d.backlog.clear()
	if d.modem != nil {
		d.modem.Reset()
		d.updateLink()
	}
	if len(d.configs) > 0 {
		d.configure(d.session, d.configs[0])
	}
	return nil
}

// detach is called by the bus. Everything that was in flight has ended when it
// returns, but for what run is just carrying.
func (d *Device) detach() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.vanish()
}

// vanish ends the session. The caller holds d.mu.
func (d *Device) vanish() {
	s := d.session
	if s == nil {
		return
	}
	d.session = nil
	close(s.gone)
	for _, p := range s.pipes {
		if p != nil {
			p.gone = true
			p.settle()
		}
	}
}

// configure selects a configuration; c may be nil (USB 2.0, 9.4.7). Nothing may
// be claimed. The caller holds d.mu.
func (d *Device) configure(s *session, c *usb.Config) {
	s.config = c
	s.alts = map[uint8]uint8{}
	s.pipes = [32]*pipe{}
	s.in, s.out, s.notify = nil, nil, nil
	s.filter, s.multicast = 0, nil
	s.isECM, s.mac = false, nil
	if c == nil {
		return
	}
	for _, set := range c.Settings {
		for _, e := range set.Endpoints {
			if i := pipeIndex(e.Address); s.pipes[i] == nil {
				s.pipes[i] = &pipe{iface: set.Interface, address: e.Address}
			}
		}
	}
	s.ecm, s.isECM = findFunction(c)
	if mac, err := hex.DecodeString(d.desc.Strings[s.ecm.mac]); err == nil && len(mac) == 6 {
		s.mac = mac
	}
	for _, set := range c.Settings {
		if set.Alternate == 0 {
			d.selectSetting(s, &set)
		}
	}
}

// selectSetting makes set the current setting of its interface (USB 2.0,
// 9.4.10): halts are over, data toggles start anew, and an ECM device starts or
// stops its data path (ECM 1.2, 3.3). No transfer may be in flight. The caller
// holds d.mu.
func (d *Device) selectSetting(s *session, set *usb.Setting) {
	s.alts[set.Interface] = set.Alternate
	for _, p := range s.pipes {
		if p != nil && p.iface == set.Interface {
			p.active, p.halted = false, false
		}
	}
	for _, e := range set.Endpoints {
		if p := s.pipes[pipeIndex(e.Address)]; p != nil && p.iface == set.Interface {
			p.active, p.packet = true, int(e.MaxPacketSize)
		}
	}
	if !s.isECM {
		return
	}
	if set.Interface == s.ecm.control {
		s.notify = s.find(set, usb.TransferInterrupt, usb.DirIn)
	}
	if set.Interface == s.ecm.data {
		d.backlog.clear()
		s.notes, s.noteOff = nil, 0
		s.frame = assembly{buf: s.frame.buf[:0], limit: s.ecm.segment}
		s.in = s.find(set, usb.TransferBulk, usb.DirIn)
		s.out = s.find(set, usb.TransferBulk, usb.DirOut)
		if s.in != nil {
			d.notifyLink(s)
			if d.modem != nil && d.modem.Pending() > 0 && d.faults[Unnotified] == 0 {
				d.notifyResponse(s)
			}
		}
	}
}

// find gives the pipe to the first endpoint of a kind, or nil.
func (s *session) find(set *usb.Setting, typ, dir uint8) *pipe {
	for _, e := range set.Endpoints {
		p := s.pipes[pipeIndex(e.Address)]
		if e.Type() == typ && e.Address&usb.DirIn == dir && e.MaxPacketSize > 0 && p.iface == set.Interface {
			return p
		}
	}
	return nil
}

// busy reports whether a transfer is in flight on the interface's endpoints.
func (s *session) busy(iface uint8) bool {
	for _, p := range s.pipes {
		if p != nil && p.iface == iface && p.busy() {
			return true
		}
	}
	return false
}
