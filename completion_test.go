package repo

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// What bash offers at the end of a line.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		line string
		want string // between single blanks
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
		{"io-usb -c p", "pull plug"},
		{"buildfile ", "run check --help"},
		{"buildfile run -", "-c -r -s -t -u -w"},
		{"buildfile run -u speed=high,co", "high,count="},
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
		{"sloginfo -", "-c -h -m -s -t -w --help"},
		{"slog2info Makef", "Makefile"},
	} {
		t.Run(c.line, func(t *testing.T) {
			script := fmt.Sprintf(`source scripts/completion
				COMP_LINE=%q COMP_POINT=%d
				f=$(complete -p %[3]s | sed 's/.*-F \([^ ]*\) .*/\1/')
				$f; echo "${COMPREPLY[*]}"`, c.line, len(c.line), strings.Fields(c.line)[0])
			out, err := exec.Command("bash", "-c", script).CombinedOutput()
			if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}
