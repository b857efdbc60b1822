package getopt

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line     string
		options  []Option
		operands []string
		err      error
	}{
		{line: ""},
		{line: "ecm0 -alias", operands: []string{"ecm0", "-alias"}},
		{line: "-a ecm0", options: []Option{{'a', ""}}, operands: []string{"ecm0"}},
		{line: "-al", options: []Option{{'a', ""}, {'l', ""}}},
		{line: "-alr 10 en0", options: []Option{{'a', ""}, {'l', ""}, {'r', "10"}}, operands: []string{"en0"}},
		{line: "-r2 -r -3 -- -a", options: []Option{{'r', "2"}, {'r', "-3"}}, operands: []string{"-a"}},
		{line: "-ar2l", options: []Option{{'a', ""}, {'r', "2l"}}},
		{line: "- -a", operands: []string{"-", "-a"}},
		{line: "-ax", options: []Option{{'a', ""}}, err: &Error{Letter: 'x'}},
		{line: "-:", err: &Error{Letter: ':'}},
		{line: "-ü", err: &Error{Letter: 'ü'}},
		{line: "-ar", options: []Option{{'a', ""}}, err: &Error{Letter: 'r', Missing: true}},
	} {
		t.Run(c.line, func(t *testing.T) {
			options, operands, err := Parse(strings.Fields(c.line), "alr:")
			if d := cmp.Diff(c.options, options); d != "" {
				t.Errorf("options (-want +got):\n%s", d)
			}
			if len(operands)+len(c.operands) > 0 {
				if d := cmp.Diff(c.operands, operands); d != "" {
					t.Errorf("operands (-want +got):\n%s", d)
				}
			}
			if d := cmp.Diff(c.err, err); d != "" {
				t.Errorf("error (-want +got):\n%s", d)
			}
		})
	}
}

// FuzzParse: spelling the options out one by one gives the same.
func FuzzParse(f *testing.F) {
	f.Add("-alr\n10\nen0\n-a")
	f.Add("-r2\n--\n-x")
	f.Fuzz(func(t *testing.T, line string) {
		options, operands, err := Parse(strings.Split(line, "\n"), "alr:")
		if err != nil {
			return
		}
		var again []string
		for _, o := range options {
			again = append(again, "-"+string(o.Letter))
			if o.Letter == 'r' {
				again = append(again, o.Value)
			}
		}
		again = append(append(again, "--"), operands...)
		o2, p2, err := Parse(again, "alr:")
		if err != nil {
			t.Fatalf("%q: %v", again, err)
		}
		if d := cmp.Diff(options, o2); d != "" {
			t.Error(d)
		}
		if strings.Join(operands, "\n") != strings.Join(p2, "\n") {
			t.Errorf("operands %q, then %q", operands, p2)
		}
	})
}
