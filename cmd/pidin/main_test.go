package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"io-pkt/internal/cmdtest"
)

func TestMain(m *testing.M) {
	cmdtest.BeCommand(main)
	os.Exit(m.Run())
}

// pidin runs pidin as a process of its own.
func pidin(t *testing.T, line string) (stdout, stderr string, status int) {
	t.Helper()
	var args []string
	if line != "" {
		args = strings.Split(line, " ")
	}
	return cmdtest.Run(t, cmdtest.Command(t, args...))
}

// server starts a process under a name of its own and gives its number.
func server(t *testing.T, name string) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sleep", "1e6", "0.5e6")
	cmd.Args[0] = name
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
}

// The tables are QNX's, column by column.
func TestTables(t *testing.T) {
	id := server(t, "/proc/boot/pidin-test-server")
	for line, want := range map[string]string{
		"ar":                       "     pid Arguments\n%8d /proc/boot/pidin-test-server 1e6 0.5e6\n",
		"arg":                      "     pid Arguments\n%8d /proc/boot/pidin-test-server 1e6 0.5e6\n",
		"":                         "     pid tid name               prio STATE       Blocked\n%8d   1 pidin-test-server   10o REPLY       1\n",
		"-f aN":                    "     pid name\n%8d pidin-test-server\n",
		"-F %a%8n":                 "     pid name\n%8d t-server\n",
		"-F %4T":                   "threads\n   1\n",
		"-k threads -p " + "SELF":  "     pid tid name               thread name          prio STATE       Blocked\n%8d   1 pidin-test-server  sleep                 10o REPLY       1\n",
		"-d 10 -p SELF -v -F %12a": "         pid\n%12d\n",
	} {
		if !strings.Contains(line, "SELF") {
			line = strings.TrimSpace("-p pidin-test-server " + line)
		}
		line = strings.Replace(line, "SELF", fmt.Sprint(id), 1)
		if strings.Contains(want, "%") {
			want = fmt.Sprintf(want, id)
		}
		if line == "-p pidin-test-server -F %4T" {
			want = "threads\n   1\n"
		}
		out, errs, status := pidin(t, line)
		if status != 0 || errs != "" || out != want {
			t.Errorf("%s: status %d, %q,\n%s, want\n%s", line, status, errs, out, want)
		}
	}
}

// Without -p everybody is there, this test with several threads.
func TestAll(t *testing.T) {
	out, _, status := pidin(t, "")
	if n := strings.Count(out, fmt.Sprintf("\n%8d ", os.Getpid())); status != 0 || n < 2 {
		t.Errorf("status %d, %d threads:\n%s", status, n, out)
	}
	if out, _, _ := pidin(t, "ar"); strings.Count(out, fmt.Sprintf("\n%8d ", os.Getpid())) != 1 {
		t.Errorf("not once:\n%s", out)
	}
	if out, _, status := pidin(t, "in"); status != 0 || !strings.HasPrefix(out, "CPU:") || !strings.Contains(out, "\nProcesses: ") {
		t.Errorf("info: status %d, %q", status, out)
	}
}

// What a process calls itself does not command the terminal.
func TestPrintable(t *testing.T) {
	id := server(t, "pidin-\x1b[2J\nevil")
	if out, _, _ := pidin(t, fmt.Sprintf("-p %d ar", id)); !strings.Contains(out, "pidin-?[2J?evil 1e6") || strings.Count(out, "\n") != 2 {
		t.Errorf("%q", out)
	}
}

func TestUsage(t *testing.T) {
	for line, want := range map[string]string{
		"-x":                 "unknown option -- x",
		"-p":                 "requires an argument -- p",
		"nonsense":           `unknown shorthand "nonsense"`,
		"-F %Z":              `unknown format "Z"`,
		"-F %0a":             "bad width",
		"-F %99999a":         "bad width",
		"-F %":               "the format is empty",
		"-p no-such-process": "couldn't find process no-such-process",
	} {
		out, errs, status := pidin(t, line)
		if status != 1 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d, %q, %q", line, status, out, errs)
		}
	}
}

// A format that is taken has columns of a sane width.
func FuzzFormat(f *testing.F) {
	f.Add("%a %20N %A")
	f.Add("%%%a  %1J")
	f.Fuzz(func(t *testing.T, format string) {
		list, err := parseFormat(format)
		if err != nil {
			return
		}
		if len(list) == 0 {
			t.Errorf("%q has no columns", format)
		}
		for _, c := range list {
			if c.text == nil || c.width < 0 || c.width > widest {
				t.Errorf("%q: %+v", format, c)
			}
		}
	})
}
