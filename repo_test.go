// Package repo holds no code: its tests are the rules of the house that a
// machine can check.
package repo

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// maxLines is where a file has more than one thing in it.
const maxLines = 400

// goFiles calls f for each Go file of the repository.
func goFiles(t *testing.T, f func(path string, src []byte, file *ast.File)) {
	t.Helper()
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."), d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, path, src, parser.ParseComments)
		if err != nil {
			return err
		}
		f(path, src, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFormat(t *testing.T) {
	goFiles(t, func(path string, src []byte, _ *ast.File) {
		formatted, err := format.Source(src)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if !bytes.Equal(src, formatted) {
			t.Errorf("%s: gofmt would change it", path)
		}
	})
}

func TestFileLength(t *testing.T) {
	goFiles(t, func(path string, src []byte, _ *ast.File) {
		if n := bytes.Count(src, []byte("\n")); n > maxLines && !strings.HasSuffix(path, "_test.go") {
			t.Errorf("%s has %d lines, more than %d", path, n, maxLines)
		}
	})
}

func TestPackageComments(t *testing.T) {
	documented := make(map[string]bool)
	goFiles(t, func(path string, _ []byte, file *ast.File) {
		if strings.HasSuffix(file.Name.Name, "_test") {
			return
		}
		dir := filepath.Dir(path)
		documented[dir] = documented[dir] || file.Doc.Text() != ""
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("the package in %s has no comment", dir)
		}
	}
}

// Only a program's main function ends the program.
func TestExit(t *testing.T) {
	exits := []string{"os.Exit", "syscall.Exit", "unix.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic", "log.Panicf"}
	goFiles(t, func(path string, _ []byte, file *ast.File) {
		if strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "main.go" && file.Name.Name == "main" {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && slices.Contains(exits, x.Name+"."+s.Sel.Name) {
					t.Errorf("%s uses %s.%s", path, x.Name, s.Sel.Name)
				}
			}
			return true
		})
	})
}

// arrows are the imports within the repository that are allowed: each package,
// and those below it, may import what stands after its name, itself, and what
// everybody may. Tests may import anything.
var arrows = map[string][]string{
	"cmd/buildfile":   {"internal/boot", "internal/buildfile", "internal/getopt", "internal/waitfor"},
	"cmd/dhcp.client": {"internal/ctl", "internal/getopt", "internal/waitfor"},
	"cmd/if_up":       {"internal/ctl", "internal/getopt"},
	"cmd/ifconfig":    {"internal/ctl", "internal/getopt"},
	"cmd/io-pkt":      {"ecmdrv", "internal/ctl", "internal/daemon", "internal/getopt", "internal/process", "internal/serial", "internal/stack", "usb"},
	"cmd/io-usb":      {"internal/daemon", "internal/getopt", "usb"},
	"cmd/mount":       {"internal/ctl", "internal/getopt"},
	"cmd/nicinfo":     {"internal/ctl", "internal/getopt"},
	"cmd/on":          {"internal/daemon", "internal/getopt", "internal/process", "internal/waitfor"},
	"cmd/pidin":       {"internal/getopt", "internal/process"},
	"cmd/slay":        {"internal/getopt", "internal/process"},
	"cmd/sloginfo":    {"internal/getopt"},
	"cmd/slogger":     {"internal/daemon", "internal/getopt"},
	"cmd/waitfor":     {"internal/getopt", "internal/waitfor"},
	"ecmdrv":          {"internal/affinity", "usb"},
	"internal":        {},
	"internal/netif":  {"internal/ctl", "internal/offload"},
	"internal/stack":  {"internal/ctl", "internal/netif"},
	"slog":            {},
	"usb":             {},
	"usb/sim":         {"usb"},
	"usb/usbip":       {"usb"},
	"usb/host":        {"usb"},
	"test":            {},
	".":               {},
}

// everybody may import these.
var everybody = []string{"internal/nic", "internal/poll", "internal/qnx", "slog"}

func TestArrows(t *testing.T) {
	idle := maps.Clone(arrows) // what no import is for
	goFiles(t, func(file string, _ []byte, syntax *ast.File) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		pkg := path.Dir(filepath.ToSlash(file))
		for arrows[pkg] == nil && pkg != "." {
			pkg = path.Dir(pkg)
		}
		allowed := slices.Concat(arrows[pkg], everybody, []string{pkg})
		for _, spec := range syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			imported, ours := strings.CutPrefix(imported, "io-pkt/")
			idle[pkg] = slices.DeleteFunc(slices.Clone(idle[pkg]), func(a string) bool { return within(imported, a) })
			if ours && !slices.ContainsFunc(allowed, func(a string) bool { return within(imported, a) }) {
				t.Errorf("%s imports %s", file, imported)
			}
		}
	})
	for pkg, unused := range idle {
		if len(unused) > 0 {
			t.Errorf("%s may import %q and does not", pkg, unused)
		}
	}
}

// tableRow is a package's name in the table of packages.
var tableRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// The table of packages has each one that there is, but for the commands, and nothing
// that there is not.
func TestTable(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]int)
	for _, row := range tableRow.FindAllStringSubmatch(string(text), -1) {
		rows[row[1]]++
		if info, err := os.Stat(row[1]); err != nil || !info.IsDir() || rows[row[1]] > 1 {
			t.Errorf("the table has %s, which is not there, or there twice", row[1])
		}
	}
	goFiles(t, func(file string, _ []byte, _ *ast.File) {
		pkg := path.Dir(filepath.ToSlash(file))
		if rows[pkg] == 0 && pkg != "." && !within(pkg, "cmd") {
			t.Errorf("the table lacks %s", pkg)
			rows[pkg] = 1 // once is enough
		}
	})
}

// within reports whether a package is pkg or below it.
func within(sub, pkg string) bool { return sub == pkg || strings.HasPrefix(sub, pkg+"/") }

// All commands but io-pkt run where no libusb is, and without cgo. Those that do not
// simulate devices are small, too, and start at once.
func TestLight(t *testing.T) {
	commands, err := filepath.Glob("cmd/*")
	if err != nil || len(commands) == 0 {
		t.Fatalf("commands %q, %v", commands, err)
	}
	for _, command := range commands {
		forbidden := []string{"github.com/google/gousb", "io-pkt/usb/host"}
		switch filepath.Base(command) {
		case "io-pkt":
			continue
		case "io-usb":
		default:
			forbidden = append(forbidden, "github.com/songgao/water", "github.com/vishvananda/netlink",
				"gvisor.dev/gvisor/pkg/tcpip", "io-pkt/usb", "io-pkt/ecmdrv")
		}
		t.Run(filepath.Base(command), func(t *testing.T) {
			for _, p := range dependencies(t, "./"+command) {
				if slices.Contains(forbidden, p) {
					t.Errorf("%s links %s", command, p)
				}
			}
		})
	}
}

func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}
