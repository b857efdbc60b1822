package repo

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// reference is a test's name in the table of compatibility: a script, or a
// directory and a function.
var reference = regexp.MustCompile("`([^`:]+\\.txtar)`|`([^`:]+):((?:Test|Fuzz)[^`]+)`")

// Each row of the table of compatibility names tests, and they exist.
func TestCompatibility(t *testing.T) {
	text, err := os.ReadFile("doc/compat.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for n, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| QNX |") {
			continue
		}
		rows++
		for _, complaint := range checkRow(t, line) {
			t.Errorf("doc/compat.md:%d: %s", n+1, complaint)
		}
	}
	if rows < 100 {
		t.Errorf("%d rows", rows)
	}
}

func checkRow(t *testing.T, row string) (complaints []string) {
	t.Helper()
	cells := strings.Split(strings.ReplaceAll(row, `\|`, "/"), "|")
	if len(cells) != 6 { // four, and nothing before and behind
		return []string{"not four cells"}
	}
	found := reference.FindAllStringSubmatch(cells[3], -1)
	if rest := strings.Trim(reference.ReplaceAllString(cells[3], ""), ", "); len(found) == 0 || rest != "" {
		complaints = append(complaints, "no test, or something else: "+cells[3])
	}
	for _, f := range found {
		if !exists(t, f[1], f[2], f[3]) {
			complaints = append(complaints, "there is no "+f[0])
		}
	}
	return complaints
}

// exists looks for a script or a test function.
func exists(t *testing.T, script, dir, function string) bool {
	t.Helper()
	if script != "" {
		_, err := os.Stat(filepath.Join("test/script/testdata", script))
		return err == nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(src, []byte("\nfunc "+function+"(")) {
			return true
		}
	}
	return false
}

// The check finds what is wrong with a row.
func TestCompatibilityFindsFaults(t *testing.T) {
	for row, want := range map[string]int{
		"| a | b | `workflow.txtar`, `slog:TestLayout` | c |":                  0,
		"| a \\| b | b | `slog:FuzzParse` |  |":                                0,
		"| a | b |  | c |":                                                     1,
		"| a | b | `workflow.txtar` |":                                         1,
		"| a | b | `none.txtar` | c |":                                         1,
		"| a | b | `slog:TestNone`, `none:TestLayout`, `workflow.txtar` | c |": 2,
		"| a | b | `slog:TestLay` | c |":                                       1,
		"| a | b | `workflow.txtar` by hand | c |":                             1,
	} {
		if got := checkRow(t, row); len(got) != want {
			t.Errorf("%s: %q, want %d complaints", row, got, want)
		}
	}
}
