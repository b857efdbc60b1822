package modem

import (
	"maps"
	"slices"
	"strconv"
)

// A handler carries out a command.
type handler = func(*Modem, command) result

// handlers makes the table of commands, by their names without AT.
func handlers() map[string]handler {
	return map[string]handler{
		// V.250. Nobody calls, and frames go over Ethernet, not this line.
		"A":  func(*Modem, command) result { return failed },
		"D":  func(*Modem, command) result { return failed },
		"E":  toggle(func(m *Modem) *bool { return &m.echo }),
		"Q":  toggle(func(m *Modem) *bool { return &m.quiet }),
		"V":  toggle(func(m *Modem) *bool { return &m.verbose }),
		"H":  func(m *Modem, _ command) result { m.endSession(); return ok },
		"Z":  (*Modem).defaults,
		"&F": (*Modem).defaults,
		// Identity (V.250, 6.1; 27.007, 5).
		"I":     (*Modem).identify,
		"+GMI":  tells(func(m *Modem) string { return m.config.Manufacturer }),
		"+GMM":  tells(func(m *Modem) string { return m.config.Model }),
		"+GMR":  tells(func(m *Modem) string { return m.config.Revision }),
		"+GSN":  tells(func(m *Modem) string { return m.config.IMEI }),
		"+CGMI": tells(func(m *Modem) string { return m.config.Manufacturer }),
		"+CGMM": tells(func(m *Modem) string { return m.config.Model }),
		"+CGMR": tells(func(m *Modem) string { return m.config.Revision }),
		"+CGSN": tells(func(m *Modem) string { return m.config.IMEI }),
		"+CLAC": (*Modem).list,
		"+CMEE": number("+CMEE", 2, func(m *Modem) *int { return &m.errorLevel }),
		// SIM (27.007, 5.6 and 8.3).
		"+CPIN": (*Modem).pin,
		"+CIMI": withSIM(tells(func(m *Modem) string { return m.config.IMSI })),
		"+CCID": withSIM(tells(func(m *Modem) string { return "+CCID: " + m.config.ICCID })),
		// Radio (27.007, 7.2, 7.3, 8.2, 8.5, 10.1.20, 10.1.22).
		"+CFUN":  (*Modem).function,
		"+CSQ":   (*Modem).signal,
		"+COPS":  withSIM((*Modem).operator),
		"+CREG":  registration("+CREG"),
		"+CGREG": registration("+CGREG"),
		"+CEREG": registration("+CEREG"),
		// Packet data (27.007, 10.1), and what opens the link on modems of
		// Huawei, Cinterion, Quectel and Telit.
		"+CGDCONT":     (*Modem).define,
		"+CGATT":       withSIM((*Modem).attached),
		"+CGACT":       withSIM((*Modem).activate),
		"+CGPADDR":     (*Modem).address,
		"^NDISDUP":     withSIM((*Modem).ndisDial),
		"^NDISSTATQRY": (*Modem).ndisState,
		"^SWWAN":       withSIM((*Modem).swwan),
		"+QNETDEVCTL":  withSIM((*Modem).netDevice),
		"#ECM":         withSIM((*Modem).startECM),
		"#ECMD":        withSIM((*Modem).endECM),
		// Messages (27.005, 3.2.3 and 3.5.1).
		"+CMGF": number("+CMGF", 1, func(m *Modem) *int { return &m.messageFormat }),
		"+CMGS": withSIM((*Modem).message),
	}
}

// tells makes a command that says a text.
func tells(text func(*Modem) string) handler {
	return func(m *Modem, c command) result {
		if c.kind != test {
			m.info(text(m))
		}
		return ok
	}
}

// toggle makes a basic command that is 0 or 1.
func toggle(of func(*Modem) *bool) handler {
	return func(m *Modem, c command) result {
		n, good := c.number(0, 0, 0, 1)
		if !good {
			return failed
		}
		*of(m) = n == 1
		return ok
	}
}

// number makes a command that is a number from 0.
func number(name string, high int, of func(*Modem) *int) handler {
	return func(m *Modem, c command) result {
		switch c.kind {
		case test:
			m.info(name + ": (0-" + strconv.Itoa(high) + ")")
		case read:
			m.info(name + ": " + strconv.Itoa(*of(m)))
		default:
			n, good := c.number(0, 0, 0, high)
			if !good {
				return wrongParameter
			}
			*of(m) = n
		}
		return ok
	}
}

// withSIM makes a command that needs an open SIM.
func withSIM(h handler) handler {
	return func(m *Modem, c command) result {
		if !m.unlocked {
			return pinRequired
		}
		return h(m, c)
	}
}

// list says what there is (27.007, 8.37).
func (m *Modem) list(command) result {
	for _, name := range slices.Sorted(maps.Keys(m.table)) {
		m.info("AT" + name)
	}
	return ok
}

// identify is ATI.
func (m *Modem) identify(command) result {
	m.info("Manufacturer: " + m.config.Manufacturer)
	m.info("Model: " + m.config.Model)
	m.info("Revision: " + m.config.Revision)
	m.info("IMEI: " + m.config.IMEI)
	return ok
}

// defaults is ATZ and AT&F (V.250, 6.1.1 and 6.1.2): the line's settings; the
// SIM and the radio are left alone.
func (m *Modem) defaults(command) result {
	m.endSession()
	m.line, m.profile = m.line[:0], newProfile()
	return ok
}
