package modem

import (
	"strings"
	"testing"
)

// answer gives what the modem says to some input.
func answer(m *Modem, input string) string {
	m.Write([]byte(input))
	b := make([]byte, m.Pending())
	return string(b[:m.Read(b)])
}

// An exchange is what is typed and what comes back, but for the echo.
type exchange struct{ typed, want string }

func TestConversations(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config Config
		talk   []exchange
	}{
		{"nothing, noise and nonsense", Config{}, []exchange{
			{"\r", ""}, {"  \r", ""}, {"AT\r", "\r\nOK\r\n"}, {"at\r", "\r\nOK\r\n"}, {"xyzAT\r", "\r\nOK\r\n"},
			{"HELLO\r", "\r\nERROR\r\n"}, {"AT+NOSUCH\r", "\r\nERROR\r\n"}, {"AT+\r", "\r\nERROR\r\n"},
			{"A\x08AT\r", "\r\nOK\r\n"}, {"\n\x00AT\n\r", "\r\nOK\r\n"},
		}},
		{"several on a line", Config{}, []exchange{
			{"ATE1V1Q0\r", "\r\nOK\r\n"},
			{"AT+CSQ;+CMEE?\r", "\r\n+CSQ: 20,99\r\n\r\n+CMEE: 0\r\n\r\nOK\r\n"},
			{"AT+CSQ;+NO;+CMEE?\r", "\r\n+CSQ: 20,99\r\n\r\nERROR\r\n"},
			{`AT+CGDCONT=2,"IP","a;b";+CSQ` + "\r", "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"},
			{"A/", "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"},
		}},
		{"results as numbers, and none", Config{}, []exchange{
			{"ATV0\r", "0\r"}, {"AT+NO\r", "4\r"}, {"AT+CGSN\r", "001017890123452\r\n0\r"},
			{"ATQ1\r", ""}, {"AT\r", ""}, {"ATQ0V1\r", "\r\nOK\r\n"}, {"ATQ2\r", "\r\nERROR\r\n"},
		}},
		{"identity", Config{IMEI: "490154203237518", Model: "M1"}, []exchange{
			{"AT+CGSN\r", "\r\n490154203237518\r\n\r\nOK\r\n"}, {"AT+CGMM\r", "\r\nM1\r\n\r\nOK\r\n"}, {"AT+CGMM=?\r", "\r\nOK\r\n"},
			{"AT+CCID\r", "\r\n+CCID: 89001012345678901237\r\n\r\nOK\r\n"},
		}},
		{"errors in three ways", Config{PIN: "1234"}, []exchange{
			{"AT+CIMI\r", "\r\nERROR\r\n"}, {"AT+CMEE=1\r", "\r\nOK\r\n"}, {"AT+CIMI\r", "\r\n+CME ERROR: 11\r\n"},
			{"AT+CMEE=2\r", "\r\nOK\r\n"}, {"AT+CIMI\r", "\r\n+CME ERROR: SIM PIN required\r\n"},
			{"AT+CMEE=3\r", "\r\n+CME ERROR: Incorrect parameters\r\n"}, {"AT+CMEE=?\r", "\r\n+CMEE: (0-2)\r\n\r\nOK\r\n"},
		}},
		{"a SIM with a PIN", Config{PIN: "1234"}, []exchange{
			{"AT+CPIN?\r", "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"}, {"AT+CREG=1;+CREG?\r", "\r\n+CREG: 1,0\r\n\r\nOK\r\n"},
			{"AT^NDISDUP=1,1\r", "\r\nERROR\r\n"}, {"AT+CPIN=1\r", "\r\nERROR\r\n"},
			{"AT+CPIN=\"1234\"\r", "\r\nOK\r\n\r\n+CREG: 1\r\n"}, {"AT+CPIN?\r", "\r\n+CPIN: READY\r\n\r\nOK\r\n"},
		}},
		{"a SIM that blocks", Config{PIN: "1234"}, []exchange{
			{"AT+CPIN=1;\r", "\r\nERROR\r\n"}, {"AT+CPIN=2\r", "\r\nERROR\r\n"}, {"AT+CPIN=3\r", "\r\nERROR\r\n"},
			{"AT+CPIN=1234\r", "\r\nERROR\r\n"}, {"AT+CPIN?\r", "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n"},
		}},
		{"the radio", Config{}, []exchange{
			{"AT+CEREG=1;+CFUN=4\r", "\r\nOK\r\n\r\n+CEREG: 0\r\n"}, {"AT+CSQ\r", "\r\n+CSQ: 99,99\r\n\r\nOK\r\n"},
			{"AT+COPS?\r", "\r\n+COPS: 0\r\n\r\nOK\r\n"}, {"AT+CFUN=1\r", "\r\nOK\r\n\r\n+CEREG: 1\r\n"},
			{"AT+COPS?\r", "\r\n+COPS: 0,0,\"Test network\",7\r\n\r\nOK\r\n"},
		}},
		{"a message", Config{}, []exchange{
			{"AT+CMGF=1\r", "\r\nOK\r\n"}, {"AT+CMGS=\"+15550100\"\r", "\r\n> "}, {"AT\r", "\n> "},
			{"bye\x1a", "\r\n+CMGS: 1\r\n\r\nOK\r\n"}, {"AT+CMGS=\"+15550100\"\r", "\r\n> "}, {"no\x1b", "\r\nOK\r\n"}, {"AT\r", "\r\nOK\r\n"},
		}},
		{"defaults", Config{}, []exchange{{"ATV0\r", "0\r"}, {"ATZ\r", "\r\nOK\r\n"}, {"ATV0\r", "0\r"}, {"AT&F\r", "\r\nOK\r\n"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := New(tt.config)
			for _, x := range tt.talk {
				got, ok := strings.CutPrefix(answer(m, x.typed), x.typed)
				if !ok || got != x.want {
					t.Errorf("%q: %q (echo %v), want %q", x.typed, got, ok, x.want)
				}
			}
		})
	}
}

func TestEcho(t *testing.T) {
	m := New(Config{})
	if got, want := answer(m, "ATE0\r"), "ATE0\r\r\nOK\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := answer(m, "AT\r"), "\r\nOK\r\n"; got != want {
		t.Errorf("after ATE0: got %q, want %q", got, want)
	}
}

// Each family's way to open the link and to close it.
func TestSession(t *testing.T) {
	for _, tt := range []struct{ open, close, report string }{
		{"^NDISDUP=1,1", "^NDISDUP=1,0", "^NDISSTAT"},
		{`^NDISDUP=1,1,"apn"`, "+CFUN=0;+CFUN=1", "^NDISSTAT"},
		{"+CGACT=1,1", "+CGACT=0,1", ""},
		{"+CGACT=1", "+CGATT=0", ""},
		{"^SWWAN=1,1", "^SWWAN=0,1", ""},
		{"+QNETDEVCTL=1,1,1", "+QNETDEVCTL=0,1,1", "+QNETDEVSTATUS"},
		{"+QNETDEVCTL=3,1,1", "H", ""},
		{"#ECM=1,0", "#ECMD=0", ""},
	} {
		t.Run(tt.open, func(t *testing.T) {
			m := New(Config{})
			if m.Online() {
				t.Fatal("online at the start")
			}
			for _, step := range []struct {
				command string
				online  bool
			}{{tt.open, true}, {tt.open, true}, {tt.close, false}, {tt.close, false}, {tt.open, true}} {
				got := answer(m, "AT"+step.command+"\r")
				if !strings.Contains(got, "\r\nOK\r\n") || m.Online() != step.online {
					t.Fatalf("%s: %q, online %v", step.command, got, m.Online())
				}
			}
			m.Reset()
			if m.Online() {
				t.Error("online after a reset")
			}
			if got := answer(m, "ATE0"+tt.open+"\r"); !strings.Contains(got, tt.report) {
				t.Errorf("no %s: %q", tt.report, got)
			}
		})
	}
}

func TestSessionRefused(t *testing.T) {
	for _, tt := range []struct {
		name, command, want string
		setup               func(*Modem)
	}{
		{"no coverage", "^NDISDUP=1,1", "30", func(m *Modem) { m.SetCoverage(false) }},
		{"no radio", "+CGACT=1,1", "30", func(m *Modem) { answer(m, "AT+CFUN=0\r") }},
		{"no such context", "^SWWAN=1,2", "3", func(*Modem) {}},
		{"another is open", "+QNETDEVCTL=1,2", "3", func(m *Modem) { answer(m, `AT^NDISDUP=1,1;+CGDCONT=2,"IP"`+"\r") }},
		{"a cid out of range", "^NDISDUP=17,1", "50", func(*Modem) {}},
		{"a device out of range", "#ECM=1,1", "50", func(*Modem) {}},
		{"a state out of range", "^NDISDUP=1,2", "50", func(*Modem) {}},
		{"a state that is missing", "^NDISDUP=1", "50", func(*Modem) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := New(Config{})
			tt.setup(m)
			if got := answer(m, "AT+CMEE=1;"+tt.command+"\r"); !strings.HasSuffix(got, "\r\n+CME ERROR: "+tt.want+"\r\n") {
				t.Errorf("%q; want error %s", got, tt.want)
			}
		})
	}
}

// Coverage that goes takes the session along, and says so without being asked.
func TestCoverage(t *testing.T) {
	m := New(Config{})
	answer(m, "AT+CREG=1;^NDISDUP=1,1\r")
	m.SetCoverage(false)
	m.SetCoverage(false)
	if got, want := answer(m, ""), "\r\n^NDISSTAT:0,,,\"IPV4\"\r\n\r\n+CREG: 2\r\n"; got != want || m.Online() {
		t.Errorf("%q, online %v; want %q", got, m.Online(), want)
	}
	m.SetCoverage(true)
	m.Say("RING")
	if got, want := answer(m, ""), "\r\n+CREG: 1\r\n\r\nRING\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLongLines(t *testing.T) {
	m := New(Config{})
	answer(m, "ATE0\r")
	longest := "AT" + strings.Repeat(" ", MaxLine-2)
	if got, want := answer(m, longest+"\r"), "\r\nOK\r\n"; got != want {
		t.Errorf("%d bytes: %q, want %q", len(longest), got, want)
	}
	if got, want := answer(m, longest+" \r"), "\r\nERROR\r\n"; got != want {
		t.Errorf("one more: %q, want %q", got, want)
	}
	if got, want := answer(m, "AT\r"), "\r\nOK\r\n"; got != want {
		t.Errorf("after that: %q, want %q", got, want)
	}
}

// A/ costs two bytes, whatever the line: the work of what is typed is bounded all the
// same.
func TestRepeats(t *testing.T) {
	for _, tt := range []struct {
		name, line    string
		typed, wanted int // repeats, and how many of them are carried out
	}{
		{"a long line", strings.Repeat("E0", MaxLine/3), 100, 1},
		{"the longest", strings.Repeat(" ", MaxLine-2), 100, 1},
		{"a short line", "E0+CSQ", 1000, 1000},
		{"a line for which the repeats pay", "E0", 50_000, 50_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := New(Config{})
			answer(m, "AT"+tt.line+"\r")
			got := answer(m, strings.Repeat("A/", tt.typed))
			ok, refused := strings.Count(got, "OK"), strings.Count(got, "ERROR")
			if ok != tt.wanted || ok+refused != tt.typed {
				t.Errorf("%d carried out and %d refused of %d, want %d", ok, refused, tt.typed, tt.wanted)
			}
			for range 3 { // read in between, as it should be
				if got := answer(m, "A/"); !strings.HasSuffix(got, "\r\nOK\r\n") {
					t.Errorf("after that: %q", got)
				}
			}
		})
	}
}

// What nobody reads is bounded, and the modem works on.
func TestNobodyReads(t *testing.T) {
	m := New(Config{})
	for range 100_000 {
		m.Write([]byte("AT+COPS=?\r"))
	}
	if m.Pending() > maxOut {
		t.Errorf("%d bytes wait", m.Pending())
	}
	answer(m, "")
	if got := answer(m, "AT\r"); got != "AT\r\r\nOK\r\n" {
		t.Errorf("after that: %q", got)
	}
}

func FuzzModem(f *testing.F) {
	for _, s := range []string{
		"AT\r", "ATE0V1&F+CSQ;+CMEE=2\rA/", "AT+CMGS=\"1\"\rtext\r\x1a", "AT+CPIN=\"12\";^NDISDUP=1,1,\"a;b\"\r",
		"AT^SWWAN=1,1;+CFUN=0\r", "\xffAT+CLAC\r", "AT+CGDCONT=1\rAT+CGACT=1\r", "ATD*99#;\r",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := New(Config{PIN: "12"})
		for i, c := range b {
			m.Write([]byte{c})
			if m.Online() && !m.registered() {
				t.Fatalf("online without a network after %q", b[:i+1])
			}
			if m.Pending() > maxOut || len(m.line) > MaxLine+1 {
				t.Fatalf("%d bytes wait, %d are kept", m.Pending(), len(m.line))
			}
		}
		// The same in one piece is the same.
		whole := New(Config{PIN: "12"})
		if got, want := answer(whole, string(b)), answer(m, ""); got != want {
			t.Errorf("in one piece %q, byte by byte %q", got, want)
		}
		// It always comes back to its senses.
		m.Write([]byte("\x1b\r"))
		m.Reset()
		if got := answer(m, "AT\r"); got != "AT\r\r\nOK\r\n" {
			t.Errorf("after that: %q", got)
		}
	})
}
