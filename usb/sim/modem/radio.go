package modem

import "strconv"

// maxPINs is how often a PIN may be wrong.
const maxPINs = 3

// pin opens the SIM (27.007, 8.3).
func (m *Modem) pin(c command) result {
	blocked := m.wrongPINs >= maxPINs
	switch {
	case c.kind == test:
	case c.kind == read && blocked:
		m.info("+CPIN: SIM PUK")
	case c.kind == read && !m.unlocked:
		m.info("+CPIN: SIM PIN")
	case c.kind == read:
		m.info("+CPIN: READY")
	case blocked || m.unlocked || c.arg(0) == "":
		return notAllowed
	case c.arg(0) != m.config.PIN:
		m.wrongPINs++
		return wrongPassword
	default:
		before := m.registered()
		m.unlocked, m.wrongPINs = true, 0
		m.registrationChanged(before)
	}
	return ok
}

// function switches the radio (27.007, 8.2).
func (m *Modem) function(c command) result {
	switch c.kind {
	case test:
		m.info("+CFUN: (0,1,4),(0,1)")
	case read:
		n := 0
		if m.radio {
			n = 1
		}
		m.info("+CFUN: " + strconv.Itoa(n))
	default:
		n, good := c.number(0, 1, 0, 4)
		if !good || n == 2 || n == 3 {
			return wrongParameter
		}
		before := m.registered()
		m.radio = n == 1
		m.registrationChanged(before)
	}
	return ok
}

// signal tells the quality (27.007, 8.5).
func (m *Modem) signal(c command) result {
	switch {
	case c.kind == test:
		m.info("+CSQ: (0-31,99),(0-7,99)")
	case m.radio && m.coverage:
		m.info("+CSQ: 20,99")
	default:
		m.info("+CSQ: 99,99")
	}
	return ok
}

// States of registration (27.007, 7.2).
const (
	notRegistered = 0
	registeredAt  = 1 // the home network
	searching     = 2
)

func (m *Modem) registered() bool { return m.unlocked && m.radio && m.coverage }

func (m *Modem) registrationState() int {
	switch {
	case m.registered():
		return registeredAt
	case m.radio && m.unlocked:
		return searching
	}
	return notRegistered
}

// registration makes +CREG and its like.
func registration(name string) handler {
	return func(m *Modem, c command) result {
		switch c.kind {
		case test:
			m.info(name + ": (0,1)")
		case set:
			n, good := c.number(0, 0, 0, 1)
			if !good {
				return wrongParameter
			}
			m.reports[name] = n == 1
		default:
			n := 0
			if m.reports[name] {
				n = 1
			}
			m.info(name + ": " + strconv.Itoa(n) + "," + strconv.Itoa(m.registrationState()))
		}
		return ok
	}
}

// registrationChanged does what follows when it has.
func (m *Modem) registrationChanged(before bool) {
	now := m.registered()
	if now == before {
		return
	}
	if !now {
		m.endSession()
	}
	for _, name := range []string{"+CREG", "+CGREG", "+CEREG"} {
		if m.reports[name] {
			m.urc(name + ": " + strconv.Itoa(m.registrationState()))
		}
	}
}

// operator tells the network (27.007, 7.3).
func (m *Modem) operator(c command) result {
	const access = 7 // E-UTRAN
	switch {
	case c.kind == test && m.radio:
		m.info(`+COPS: (2,"` + m.config.Operator + `","TEST","00101",` + strconv.Itoa(access) + `),,(0,1,2,3,4),(0,1,2)`)
	case c.kind == test:
		return noService
	case c.kind == set:
		if _, good := c.number(0, 0, 0, 4); !good {
			return wrongParameter
		}
	case m.registered():
		m.info(`+COPS: 0,0,"` + m.config.Operator + `",` + strconv.Itoa(access))
	default:
		m.info("+COPS: 0")
	}
	return ok
}
