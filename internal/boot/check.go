package boot

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"io-pkt/internal/buildfile"
)

// A Verdict is what becomes of a line.
type Verdict int

// The verdicts.
const (
	Runs Verdict = iota
	Emulated
	Missing
)

func (v Verdict) String() string { return [...]string{"will run", "emulated", "no counterpart"}[v] }

// A LineCheck is what Check says of a line, and in a few words why.
type LineCheck struct {
	Command buildfile.Command
	Verdict Verdict
	Why     string
}

// Check says what would become of each line, but for those of the bootstrap. bin is
// the directory of our commands.
func Check(program []buildfile.Command, bin string, stubs Stubs, files []ImageFile) (checks []LineCheck) {
	image := func(name string) bool {
		return slices.ContainsFunc(files, func(f ImageFile) bool { return f.Path == fromRoot(name) && f.Mode&0o111 != 0 })
	}
	f := Finder{Bin: bin, Path: systemPath(), Exists: func(name string) error {
		if image(name) {
			return nil
		}
		return executable(fromRoot(name))
	}}
	scriptPath := ""
	for _, c := range program {
		for _, s := range c.Set {
			if s.Name == "PATH" && (len(c.Args) == 0 || c.Bootstrap) {
				scriptPath = s.Value
			}
		}
		if !c.Bootstrap {
			check := LineCheck{Command: c}
			check.Verdict, check.Why = judge(c, f, scriptPath, stubs, image)
			checks = append(checks, check)
		}
	}
	return checks
}

// fromRoot gives a path as programs find it, which begin in the root.
func fromRoot(name string) string { return path.Join("/", name) }

func judge(c buildfile.Command, f Finder, scriptPath string, stubs Stubs, image func(string) bool) (Verdict, string) {
	switch {
	case len(c.Args) == 0:
		return Runs, "for the lines that follow"
	case c.Internal() && c.Args[0] == "sched_aps":
		return Emulated, "without effect"
	case c.Internal():
		return Emulated, ""
	}
	if stub, ok := stubs.Find(c.Args[0]); ok {
		return Emulated, "declared harmless: " + stub.Name
	}
	for _, s := range c.Set {
		if s.Name == "PATH" {
			scriptPath = s.Value
		}
	}
	found, err := f.Find(c.Args[0], scriptPath)
	switch {
	case err != nil && slices.Contains(shells, path.Base(c.Args[0])):
		return Emulated, "by sh"
	case err != nil:
		return Missing, fmt.Sprintf("%s: %v", c.Args[0], err)
	case filepath.Dir(found) == f.Bin:
		return Runs, "ours"
	case image(found):
		return Runs, "of the image"
	}
	return Runs, found
}
