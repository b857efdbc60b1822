package modem

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// unknown are the commands of the README that this modem does not know.
var unknown = []string{"AT#USBCFG=", "AT+QCFG=", "AT+MDIALUPCFG=", "AT+SYSNV="}

// quoted is a command in the README.
var quoted = regexp.MustCompile("`(AT[^`]+)`")

// Every line of the README that is for dialing or hanging up, and that the modem
// knows, does so.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n### Dial\n")
	section, _, _ = strings.Cut(section, "\n### ")
	if !found {
		t.Fatal("README.md does not tell how to dial")
	}
	tried := 0
	for line := range strings.Lines(section) {
		columns := strings.Split(strings.Trim(line, "| \n"), " | ")
		for i, column := range columns {
			for _, command := range quoted.FindAllStringSubmatch(column, -1) {
				if !knows(command[1]) {
					continue
				}
				tried++
				m := New(Config{PIN: "1234"})
				answer(m, "ATE0;+CPIN?\r")
				if !strings.Contains(command[1], "+CPIN") {
					answer(m, "AT+CPIN=1234\r")
				}
				if i == 2 { // hanging up
					answer(m, quoted.FindStringSubmatch(columns[1])[1]+"\r")
				}
				before := m.Online()
				if got := answer(m, command[1]+"\r"); !strings.Contains(got, "\r\nOK\r\n") {
					t.Errorf("%s: %q", command[1], got)
				}
				if dials := len(columns) == 3; before != (i == 2) || m.Online() != (dials && i == 1) {
					t.Errorf("%s: online %v, before that %v", command[1], m.Online(), before)
				}
			}
		}
	}
	if tried < 10 {
		t.Errorf("only %d commands were tried", tried)
	}
}

func knows(command string) bool {
	for _, u := range unknown {
		if strings.HasPrefix(command, u) {
			return false
		}
	}
	return true
}
