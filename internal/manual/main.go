// The manual command writes the manual pages of the commands. Their one source is
// each command's package comment, which go doc shows as well.
//
// # Synopsis
//
//	manual [-date YYYY-MM-DD] directory
//
// # Description
//
// It must run at the top of the repository. For each command in cmd it writes
// COMMAND.8 into the directory, in mdoc(7), dated by the last commit's day or
// whatever the caller says.
package main

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("manual", flag.ContinueOnError)
	flags.SetOutput(stderr)
	date := flags.String("date", time.Now().UTC().Format(time.DateOnly), "the day on the pages")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		fmt.Fprintln(stderr, "usage: manual [-date YYYY-MM-DD] directory")
		return 1
	}
	day, err := time.Parse(time.DateOnly, *date)
	if err == nil {
		err = write(".", flags.Arg(0), day)
	}
	if err != nil {
		fmt.Fprintf(stderr, "manual: %v\n", err)
		return 1
	}
	return 0
}

// write writes the pages of all commands of the repository at top.
func write(top, dir string, day time.Time) error {
	files, err := filepath.Glob(filepath.Join(top, "cmd/*/main.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			return err
		}
		name := filepath.Base(filepath.Dir(file))
		page := Page(name, syntax.Doc.Text(), day)
		if err := os.WriteFile(filepath.Join(dir, name+".8"), page, 0o644); err != nil {
			return err
		}
	}
	return nil
}
