package sim

import "io-pkt/usb"

// reserved reports whether a request has a method of its own in usb.Device or
// usb.Queue.
func reserved(s usb.Setup) bool {
	switch {
	case s.RequestType&^usb.DirIn&0x60 != usb.TypeStandard:
		return false
	case s.Request == usb.ReqSetAddress, s.Request == usb.ReqSetConfiguration, s.Request == usb.ReqSetInterface:
		return true
	}
	return s.Request == usb.ReqClearFeature && s.RequestType&0x1f == usb.RecipientEndpoint &&
		s.Value == usb.FeatureEndpointHalt
}

// control answers a request: it gives the bytes moved, or ErrStall. The caller
// holds d.mu.
func (d *Device) control(s *session, r usb.Setup, data []byte) (int, error) {
	switch r.RequestType & 0x60 {
	case usb.TypeStandard:
		if answer := d.standard(s, r); answer != nil {
			return copy(data, answer), nil
		}
	case usb.TypeClass:
		if s.isECM && r.RequestType&0x1f == usb.RecipientInterface && r.Index == uint16(s.ecm.control) {
			return d.ecmRequest(s, r, data)
		}
	}
	return 0, usb.ErrStall
}

// standard answers a standard request (USB 2.0, 9.4), with an empty slice when
// there is no data, with nil when it is refused.
func (d *Device) standard(s *session, r usb.Setup) []byte {
	iface := uint8(r.Index)
	type key struct{ typ, request uint8 }
	switch (key{r.RequestType, r.Request}) {
	case key{usb.DirIn, usb.ReqGetDescriptor}:
		return d.desc.bytes(uint8(r.Value>>8), uint8(r.Value))
	case key{usb.DirIn, usb.ReqGetConfiguration}:
		return []byte{s.configuration()}
	case key{usb.DirIn, usb.ReqGetStatus}:
		return []byte{1, 0} // self-powered
	case key{usb.DirIn | usb.RecipientInterface, usb.ReqGetStatus}:
		if s.hasInterface(iface) {
			return []byte{0, 0}
		}
	case key{usb.DirIn | usb.RecipientInterface, usb.ReqGetInterface}:
		if s.hasInterface(iface) {
			return []byte{s.alts[iface]}
		}
	case key{usb.DirIn | usb.RecipientEndpoint, usb.ReqGetStatus}:
		if p := s.endpoint(r.Index); p != nil {
			return []byte{flag(p.halted), 0}
		}
	case key{usb.RecipientEndpoint, usb.ReqSetFeature}:
		if p := s.endpoint(r.Index); p != nil && r.Value == usb.FeatureEndpointHalt {
			p.halted = true
			p.settle()
			return []byte{}
		}
	}
	return nil
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// configuration gives bConfigurationValue, 0 when not configured.
func (s *session) configuration() uint8 {
	if s.config == nil {
		return 0
	}
	return s.config.Value
}

// setConfiguration carries out SET_CONFIGURATION; 0 leaves the device without
// one. The caller holds d.mu.
func (d *Device) setConfiguration(s *session, value uint8) error {
	if value == 0 {
		d.configure(s, nil)
		return nil
	}
	for _, c := range d.configs {
		if c.Value == value {
			d.configure(s, c)
			return nil
		}
	}
	return usb.ErrStall
}

func (s *session) hasInterface(iface uint8) bool {
	_, ok := s.alts[iface]
	return ok
}

// endpoint gives the pipe to an endpoint of the current settings, or nil.
func (s *session) endpoint(index uint16) *pipe {
	if index&^0x8f != 0 {
		return nil
	}
	if p := s.pipes[pipeIndex(uint8(index))]; p != nil && p.active {
		return p
	}
	return nil
}
