package modem

import (
	"fmt"
	"net/netip"
)

// maxContexts is how many packet data contexts there are; the first has the
// number 1.
const maxContexts = 16

// A context is a packet data context (27.007, 10.1.1).
type context struct {
	kind, apn string // "IP", "IPV6" or "IPV4V6"; "" when it is not defined
}

// cid gives the context that an argument names, which must be defined.
func (m *Modem) cid(c command, i int) (int, result) {
	n, good := c.number(i, 1, 1, maxContexts)
	switch {
	case !good:
		return 0, wrongParameter
	case m.contexts[n].kind == "":
		return 0, notAllowed
	}
	return n, ok
}

// startSession opens the data session: from now on frames pass.
func (m *Modem) startSession(cid int) result {
	switch {
	case !m.registered():
		return noService
	case m.session != 0 && m.session != cid:
		return notAllowed // one at a time
	}
	m.session = cid
	return ok
}

func (m *Modem) endSession() {
	if m.session == 0 {
		return
	}
	m.session = 0
	if m.dialed == "^NDISDUP" {
		m.urc(`^NDISSTAT:0,,,"IPV4"`)
	}
	m.dialed = ""
}

// dial opens or closes the session for a command, which decides how that is
// reported.
func (m *Modem) dial(by string, cid int, open bool) result {
	if !open {
		if m.session == cid {
			m.endSession()
		}
		return ok
	}
	if r := m.startSession(cid); r != ok {
		return r
	}
	m.dialed = by
	return ok
}

// define is +CGDCONT.
func (m *Modem) define(c command) result {
	switch c.kind {
	case test:
		for _, kind := range []string{"IP", "IPV6", "IPV4V6"} {
			m.info(fmt.Sprintf(`+CGDCONT: (1-%d),"%s",,,(0),(0)`, maxContexts, kind))
		}
	case read:
		for i, x := range m.contexts {
			if x.kind != "" {
				m.info(fmt.Sprintf(`+CGDCONT: %d,"%s","%s","",0,0`, i, x.kind, x.apn))
			}
		}
	default:
		n, good := c.number(0, 0, 1, maxContexts)
		kind := c.arg(1)
		if !good || kind != "" && kind != "IP" && kind != "IPV6" && kind != "IPV4V6" || len(c.arg(2)) > 100 {
			return wrongParameter
		}
		if m.session == n {
			return notAllowed
		}
		m.contexts[n] = context{kind: kind, apn: c.arg(2)}
	}
	return ok
}

// attached is +CGATT: the modem attaches and detaches with its radio.
func (m *Modem) attached(c command) result {
	switch c.kind {
	case test:
		m.info("+CGATT: (0,1)")
	case read:
		m.info(fmt.Sprintf("+CGATT: %d", bit(m.registered())))
	default:
		n, good := c.number(0, 1, 0, 1)
		switch {
		case !good:
			return wrongParameter
		case n == 1 && !m.registered():
			return noService
		case n == 0:
			m.endSession()
		}
	}
	return ok
}

// activate is +CGACT=state,cid.
func (m *Modem) activate(c command) result {
	switch c.kind {
	case test:
		m.info("+CGACT: (0,1)")
	case read:
		for i, x := range m.contexts {
			if x.kind != "" {
				m.info(fmt.Sprintf("+CGACT: %d,%d", i, bit(m.session == i)))
			}
		}
	default:
		n, good := c.number(0, 1, 0, 1)
		cid, r := m.cid(c, 1)
		if !good {
			return wrongParameter
		}
		if r != ok {
			return r
		}
		return m.dial(c.name, cid, n == 1)
	}
	return ok
}

// address is +CGPADDR. The network gives an address to the host, over DHCP; the
// modem shows one of those for documentation (RFC 5737).
func (m *Modem) address(command) result {
	if m.session != 0 {
		m.info(fmt.Sprintf(`+CGPADDR: %d,"%v"`, m.session, netip.AddrFrom4([4]byte{192, 0, 2, 1})))
	}
	return ok
}

// wanted reads what is to be done, 0 to most, and with which context, from the
// arguments of these numbers.
func (m *Modem) wanted(c command, action, most, context int) (what, cid int, r result) {
	what, good := c.number(action, -1, 0, most)
	cid, r = m.cid(c, context)
	if !good {
		r = wrongParameter
	}
	return what, cid, r
}

// ndisDial is Huawei's ^NDISDUP=cid,state[,apn...].
func (m *Modem) ndisDial(c command) result {
	switch c.kind {
	case test:
		m.info(fmt.Sprintf("^NDISDUP: (1-%d),(0,1)", maxContexts))
		return ok
	case set:
	default:
		return failed
	}
	state, cid, r := m.wanted(c, 1, 1, 0)
	if r != ok {
		return r
	}
	before := m.session
	if r := m.dial(c.name, cid, state == 1); r != ok {
		return r
	}
	if c.arg(2) != "" {
		m.contexts[cid].apn = c.arg(2)
	}
	if m.session != 0 && before == 0 {
		m.urc(`^NDISSTAT:1,,,"IPV4"`)
	}
	return ok
}

// ndisState is Huawei's ^NDISSTATQRY.
func (m *Modem) ndisState(c command) result {
	if c.kind != test {
		m.info(fmt.Sprintf(`^NDISSTATQRY: %d,,,"IPV4"`, bit(m.session != 0)))
	}
	return ok
}

// swwan is Cinterion's ^SWWAN=action,cid.
func (m *Modem) swwan(c command) result {
	switch c.kind {
	case test:
		m.info(fmt.Sprintf("^SWWAN: (0,1),(1-%d)", maxContexts))
		return ok
	case read:
		if m.session != 0 {
			m.info(fmt.Sprintf("^SWWAN: %d,1", m.session))
		}
		return ok
	}
	action, cid, r := m.wanted(c, 0, 1, 1)
	if r != ok {
		return r
	}
	return m.dial(c.name, cid, action == 1)
}

// netDevice is Quectel's +QNETDEVCTL=action,cid,report: 1 and 3 connect, 0
// disconnects.
func (m *Modem) netDevice(c command) result {
	switch c.kind {
	case test:
		m.info(fmt.Sprintf("+QNETDEVCTL: (0-3),(1-%d),(0,1)", maxContexts))
		return ok
	case read:
		m.info(fmt.Sprintf("+QNETDEVCTL: %d,%d,0,%d", bit(m.session != 0), max(m.session, 1), bit(m.session != 0)))
		return ok
	}
	action, cid, r := m.wanted(c, 0, 3, 1)
	report, good := c.number(2, 0, 0, 1)
	switch {
	case !good:
		return wrongParameter
	case r != ok:
		return r
	}
	before := m.Online()
	if r := m.dial(c.name, cid, action != 0); r != ok {
		return r
	}
	if report == 1 && m.Online() != before {
		m.urc(fmt.Sprintf("+QNETDEVSTATUS: %d", bit(m.Online())))
	}
	return ok
}

// startECM is Telit's #ECM=cid,device. There is one device, 0.
func (m *Modem) startECM(c command) result {
	switch c.kind {
	case test:
		m.info(fmt.Sprintf("#ECM: (1-%d),(0)", maxContexts))
		return ok
	case read:
		m.info(fmt.Sprintf("#ECM: 0,%d", bit(m.session != 0)))
		return ok
	}
	_, good := c.number(1, 0, 0, 0)
	cid, r := m.cid(c, 0)
	switch {
	case !good:
		return wrongParameter
	case r != ok:
		return r
	}
	return m.dial(c.name, cid, true)
}

// endECM is Telit's #ECMD=device.
func (m *Modem) endECM(c command) result {
	if c.kind == test {
		m.info("#ECMD: (0)")
		return ok
	}
	if _, good := c.number(0, 0, 0, 0); !good {
		return wrongParameter
	}
	m.endSession()
	return ok
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
