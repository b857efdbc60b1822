package stack

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// moduleName gives the name of the file that "-d word" stands for. A word with a
// slash in front is a path already; one that is a file name in full is taken as
// such, although QNX would look for devnp-devnp-ecm.so.so.
func moduleName(word string) string {
	if strings.HasPrefix(word, "/") || driverName(word) != "" {
		return word
	}
	return "devnp-" + word + ".so"
}

// driverName gives the bare name of the driver in a module's file, "ecm" for
// "/lib/dll/devnp-ecm.so" or "devn-ecm.so", and "" when it is not a driver's.
func driverName(module string) string {
	name, isSo := strings.CutSuffix(path.Base(module), ".so")
	name = strings.TrimPrefix(name, "lib")
	bare, devnp := strings.CutPrefix(name, "devnp-")
	if !devnp {
		var devn bool
		if bare, devn = strings.CutPrefix(name, "devn-"); !devn {
			return ""
		}
	}
	if !isSo {
		return ""
	}
	return bare
}

// numbering is what the options say about the names of a driver's interfaces.
type numbering struct {
	base   string // "" is the driver's own
	unit   int    // negative: the lowest free number
	single bool   // no more than one interface
}

// takeNumbering takes name=, unit= and lan= out of an option word: these are the
// stack's. What is left is the driver's. Of several, the last one counts.
func takeNumbering(options string) (n numbering, rest string, err error) {
	n.unit = -1
	var kept []string
	for word := range strings.SplitSeq(options, ",") {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "name":
			n.base = value
		case "unit", "lan":
			unit, err := strconv.ParseInt(value, 0, 32)
			if err != nil {
				return n, "", fmt.Errorf("option %q: %w", word, syscall.EINVAL)
			}
			n.unit, n.single = int(unit), true
		default:
			kept = append(kept, word)
		}
	}
	return n, strings.Join(kept, ","), nil
}
