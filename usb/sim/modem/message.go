package modem

import "strconv"

// message is +CMGS: the text comes on the lines behind it, after a prompt, and
// ends with Ctrl-Z, or is given up with Esc (27.005, 3.5.1).
func (m *Modem) message(c command) result {
	switch {
	case c.kind == test:
		return ok
	case c.kind != set || c.arg(0) == "":
		return wrongParameter
	case !m.registered():
		return noService
	}
	m.text = true
	m.say([]byte("\r\n> ")...)
	return none
}

// endText ends the text of a message. Nobody gets it.
func (m *Modem) endText(send bool) {
	over := m.over
	m.text, m.over, m.line = false, false, m.line[:0]
	switch {
	case over:
		m.result(failed)
		return
	case send:
		m.messages++
		m.info("+CMGS: " + strconv.Itoa(m.messages%256))
	}
	m.result(ok)
}
