// Package modem is a cellular modem's AT interpreter in software: bytes in, bytes
// out, and state in between.
//
// It has an identity, a SIM that may want its PIN, a radio with signal and
// registration, packet data contexts, and a data session, which the commands of
// several manufacturers open and close. Commands and results are those of ITU-T
// V.250 and 3GPP TS 27.007 ("27.007") and 27.005; names with ^ or # and of
// the form +Q... are as users of such modems report them.
//
// A Modem has no goroutine, no clock and no lock: it belongs to its user. Close
// is not needed.
package modem

import (
	"bytes"
	"strings"
)

// Config says what a modem is. The zero value is one whose SIM is open, in a
// place with coverage.
type Config struct {
	Manufacturer, Model, Revision string
	IMEI, IMSI, ICCID             string
	Operator                      string // long name of the network
	PIN                           string // what the SIM wants; "" for none
}

// MaxLine is the longest command line, in bytes without its CR. A longer one is
// an ERROR.
const MaxLine = 65535

// maxOut bounds what waits for the host; what does not fit in is lost, as in a
// modem whose buffer is full.
const maxOut = 1 << 20

// A Modem is a modem that is switched on.
type Modem struct {
	config   Config
	table    map[string]handler
	coverage bool // there is a network

	line     []byte // the command, or the text of a message, that is being typed
	over     bool   // it is too long
	text     bool   // it is a text
	lastLine string // for A/
	repeated int    // bytes of it that A/ has run; those typed since are taken off
	out      []byte // for the host
	later    []string

	profile
	unlocked  bool // the SIM is open
	wrongPINs int
	radio     bool
	contexts  [maxContexts + 1]context // by cid, from 1
	session   int                      // the cid of the data session, 0 for none
	dialed    string                   // the command that has opened it
	messages  int                      // sent
}

// A profile is what ATZ and AT&F reset.
type profile struct {
	echo, verbose, quiet bool
	errorLevel           int             // +CMEE
	messageFormat        int             // +CMGF
	reports              map[string]bool // +CREG and its like: whether changes are told
}

func newProfile() profile {
	return profile{echo: true, verbose: true, reports: map[string]bool{}}
}

// New makes a modem. It is registered as soon as its SIM is open.
func New(c Config) *Modem {
	for _, d := range []struct {
		to    *string
		usual string
	}{
		{&c.Manufacturer, "io-usb"}, {&c.Model, "Simulated modem"}, {&c.Revision, "1.0"},
		// The IMEI has the TAC of test devices (GSMA TS.06), the IMSI the
		// country code of test networks (ITU-T E.212).
		{&c.IMEI, "001017890123452"}, {&c.IMSI, "001010123456789"}, {&c.ICCID, "89001012345678901237"},
		{&c.Operator, "Test network"},
	} {
		if *d.to == "" {
			*d.to = d.usual
		}
	}
	m := &Modem{config: c, table: handlers(), coverage: true}
	m.Reset()
	return m
}

// Reset switches the modem off and on: only what SetCoverage has said stays.
func (m *Modem) Reset() {
	*m = Modem{config: m.config, table: m.table, coverage: m.coverage,
		profile: newProfile(), unlocked: m.config.PIN == "", radio: true}
	m.contexts[1] = context{kind: "IP", apn: "internet"}
}

// Write takes what the host sends, in pieces of any length.
func (m *Modem) Write(b []byte) {
	for _, c := range b {
		m.typed(c)
	}
}

// Read gives what the modem has to say, at most len(b) bytes.
func (m *Modem) Read(b []byte) int {
	m.repeated = 0
	n := copy(b, m.out)
	m.out = m.out[n:]
	return n
}

// Pending says how many bytes Read would give.
func (m *Modem) Pending() int { return len(m.out) }

// Online reports whether the data session is open: frames pass then.
func (m *Modem) Online() bool { return m.session != 0 }

// Say makes the modem say something that nobody asked for, as a line.
func (m *Modem) Say(text string) { m.info(text) }

// SetCoverage says whether there is a network. Without one a data session ends.
func (m *Modem) SetCoverage(on bool) {
	before := m.registered()
	m.coverage = on
	m.registrationChanged(before)
	m.flushLater()
}

// Keys (V.250, 5.2.2, 6.2.1; 27.005, 3.3.1).
const (
	keyBackspace = 0x08
	keyCtrlZ     = 0x1a
	keyEscape    = 0x1b
)

// typed takes one byte.
func (m *Modem) typed(c byte) {
	m.repeated = max(m.repeated-1, 0)
	if m.echo {
		m.say(c)
	}
	switch {
	case m.text && (c == keyCtrlZ || c == keyEscape):
		m.endText(c == keyCtrlZ)
	case !m.text && c == '\r':
		m.endLine()
	case m.text && c == '\r':
		m.say([]byte("\n> ")...)
		m.line = append(m.line[:min(len(m.line), MaxLine)], '\n')
	case c == keyBackspace && len(m.line) > 0:
		m.line = m.line[:len(m.line)-1]
	case c < ' ' && !m.text: // not part of a command
	case len(m.line) >= MaxLine:
		m.over = true
	default:
		m.line = append(m.line, c)
		if !m.text && bytes.EqualFold(m.line, []byte("A/")) { // needs no CR (V.250, 5.2.4)
			m.line = m.line[:0]
			m.repeat()
		}
	}
}

// repeat runs the last line again. Two bytes are little for a long line, so a host
// that types on and reads nothing gets one such line, and an ERROR for more.
func (m *Modem) repeat() {
	if m.repeated+len(m.lastLine) > MaxLine {
		m.result(failed)
		return
	}
	m.repeated += len(m.lastLine)
	m.run(m.lastLine)
}

func (m *Modem) endLine() {
	line, over := string(m.line), m.over
	m.line, m.over = m.line[:0], false
	if over {
		m.result(failed)
		m.flushLater()
		return
	}
	// A line begins with AT; what stands before it is noise (V.250, 5.2.1).
	for at := range max(len(line)-1, 0) {
		if strings.EqualFold(line[at:at+2], "AT") {
			m.lastLine = line[at+2:]
			m.run(m.lastLine)
			return
		}
	}
	if strings.TrimSpace(line) != "" {
		m.result(failed)
	}
}

// run carries out a command line without its AT.
func (m *Modem) run(line string) {
	r := ok
	for r == ok {
		var c command
		var found bool
		if c, line, found = nextCommand(line); !found {
			break
		}
		r = m.carryOut(c)
	}
	m.result(r)
	m.flushLater()
}

// carryOut looks a command up.
func (m *Modem) carryOut(c command) result {
	do := m.table[c.name]
	if do == nil {
		return failed
	}
	return do(m, c)
}
