package repo

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What bash offers at the end of a line.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		line string
		want string
	}{
		{"io-pkt-v4-hc -", "-d -p -i -U -v -t -P -S -D -I --foreground --help --version"},
		{"io-pkt-v4-hc -d e", "ecm ecmplus"},
		{"io-pkt-v4-hc -d ecm ver", "verbose"},
		{"io-pkt-v4-hc -decm ver", "verbose"},
		{"io-pkt -d ecm pnp,v", "pnp,verbose"},
		// bash takes "=" for the end of a word.
		{"io-pkt -d ecm busnum=1,dev", "1,devnum="},
		{"io-pkt -d ecm pnp -ptcpip ran", "random"},
		{"io-pkt -d ecm pnp -p tcpip random,forward", "random,forward random,forward6"},
		{"io-pkt-v6-hc -d ecm pnp --f", "--foreground"},
		{"io-pkt -d devnp-ecmplus.so intf=2,c", "2,classid= 2,ctrlbufsz= 2,ctrlrxurb="},
		{"io-pkt -U roo", "root"},
		{"io-usb -d s", "sim"},
		{"io-usb -d sim net=stack,sp", "stack,speed="},
		{"io-usb -d sim modem=1,pi", "1,pin="},
		{"io-usb -c p", "pull plug"},
		{"buildfile ", "run check --help"},
		{"buildfile run -", "-c -r -s -t -u -w"},
		{"buildfile run -u speed=high,co", "high,count= high,command="},
		{"buildfile check -", "-s"},
		{"buildfile check -s Makef", "Makefile"},
		{"buildfile run -r intern", "internal"},
		{"io-usb-otg -d x", "xhci"},
		{"pidin a", "arguments"},
		{"slay -f -s SIGKI", "SIGKILL"},
		{"slay -m ", "name pid"},
		{"slogger -f", "-f"},
		{"slogger -f ", "0 1 2 3 4 5 6 7"},
		{"slogger -s ", ""},
		{"slogger2 -", "-s -U -v --foreground --help"},
		{"slogger2 -c ", ""},
		{"slogger2 -U roo", "root"},
		{"sloginfo -", "-c -h -m -s -t -w --help"},
		{"slog2info Makef", "Makefile"},
	} {
		t.Run(c.line, func(t *testing.T) {
			if got := complete(t, c.line); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// complete gives what bash offers at the end of a line, between single blanks.
func complete(t *testing.T, line string) string {
	t.Helper()
	script := fmt.Sprintf(`source scripts/completion
		COMP_LINE=%q COMP_POINT=%d
		f=$(complete -p %[3]s | sed 's/.*-F \([^ ]*\) .*/\1/')
		$f; echo "${COMPREPLY[*]}"`, line, len(line), strings.Fields(line)[0])
	out, err := exec.Command("bash", "-c", script).CombinedOutput()
	if err != nil {
		t.Errorf("%v", err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// Where a name in the tables of options is.
var (
	driverName = regexp.MustCompile(`(?m)^\t"(\w+)": `)
	simName    = regexp.MustCompile(`(?m)^\t\{"(\w+)", func\(o \*simOptions`)
	verbName   = regexp.MustCompile(`case verb == "(\w+)"`)
)

// What takes options offers all that there are, and its manual has them.
func TestCompletionIsWhole(t *testing.T) {
	driver := names(t, driverName, "ecmdrv/options.go", "ecmdrv/optiontable.go")
	driver = append(driver, "name", "unit", "lan") // the stack's: takeNumbering
	sim := names(t, simName, "cmd/io-usb/options.go")
	for _, c := range []struct {
		lines  []string // that together offer them
		manual string
		want   []string
	}{
		{[]string{"io-pkt -d ecm ", "io-pkt -d ecmplus "}, "cmd/io-pkt/main.go", driver},
		{[]string{"io-usb -d sim "}, "cmd/io-usb/main.go", sim},
		{[]string{"buildfile run -u "}, "cmd/io-usb/main.go", sim},
		{[]string{"io-usb -c "}, "cmd/io-usb/main.go", names(t, verbName, "cmd/io-usb/control.go")},
	} {
		var got []string
		for _, line := range c.lines {
			got = append(got, strings.Fields(strings.ReplaceAll(complete(t, line), "=", ""))...)
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if d := cmp.Diff(slices.Compact(c.want), slices.Compact(got)); d != "" {
			t.Errorf("%q (-there are +offered)\n%s", c.lines, d)
		}
		manual := read(t, c.manual)
		for _, name := range c.want {
			if !regexp.MustCompile(`(?m)^//\t([^ ].*, ?)?` + name + `\b`).MatchString(manual) {
				t.Errorf("%s does not tell of %s", c.manual, name)
			}
		}
	}
}

// names gives what a pattern finds in files.
func names(t *testing.T, pattern *regexp.Regexp, files ...string) (found []string) {
	t.Helper()
	for _, file := range files {
		matches := pattern.FindAllStringSubmatch(read(t, file), -1)
		if len(matches) == 0 {
			t.Errorf("%s has nothing like %v", file, pattern)
		}
		for _, m := range matches {
			found = append(found, m[1:]...)
		}
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
