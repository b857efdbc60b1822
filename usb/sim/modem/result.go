package modem

import "strconv"

// A result is what ends a command: ok, failed, none, or a number of 27.007, 9.2.
type result int

const (
	ok     result = -1
	failed result = -2
	none   result = -3 // another one follows later
)

// Errors of equipment (27.007, 9.2.1).
const (
	notAllowed     result = 3
	notSupported   result = 4
	noSIM          result = 10
	pinRequired    result = 11
	wrongPassword  result = 16
	noService      result = 30
	wrongParameter result = 50
)

var resultTexts = map[result]string{
	notAllowed: "operation not allowed", notSupported: "operation not supported",
	noSIM: "SIM not inserted", pinRequired: "SIM PIN required", wrongPassword: "incorrect password",
	noService: "no network service", wrongParameter: "Incorrect parameters",
}

// result says a result (V.250, 5.7.1; 27.007, 9.1).
func (m *Modem) result(r result) {
	number, text := "4", "ERROR"
	switch {
	case r == none || m.quiet:
		return
	case r == ok:
		number, text = "0", "OK"
	case r >= 0 && m.errorLevel == 1:
		m.info("+CME ERROR: " + strconv.Itoa(int(r)))
		return
	case r >= 0 && m.errorLevel == 2:
		m.info("+CME ERROR: " + resultTexts[r])
		return
	}
	if m.verbose {
		m.info(text)
	} else {
		m.say([]byte(number + "\r")...)
	}
}

// say puts bytes out.
func (m *Modem) say(b ...byte) {
	if len(m.out)+len(b) <= maxOut {
		m.out = append(m.out, b...)
	}
}

// info says a line (V.250, 5.7.1).
func (m *Modem) info(text string) {
	if m.verbose {
		text = "\r\n" + text
	}
	m.say([]byte(text + "\r\n")...)
}

// urc says a line behind the result of the command that is being carried out,
// or at once when there is none.
func (m *Modem) urc(text string) { m.later = append(m.later, text) }

func (m *Modem) flushLater() {
	for _, text := range m.later {
		m.info(text)
	}
	m.later = m.later[:0]
}
