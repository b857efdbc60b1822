package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var day = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

func TestPage(t *testing.T) {
	got := string(Page("frob", `The frob command is a maker
of frobs. It is free.

# Synopsis

	frob [-x]
	.hidden 'quoted' \n

# Description

First line,
second -x. Third (line.)  Fourth?

Another.

  - one
  - two
`, day))
	want := `.Dd November 2, 2026
.Dt FROB 8
.Os io-pkt
.Sh NAME
.Nm frob
.Nd a maker of frobs
.Sh SYNOPSIS
.Bd -literal
frob [\-x]
\&.hidden 'quoted' \en
.Ed
.Sh DESCRIPTION
First line, second \-x.
Third (line.)
Fourth?
.Pp
Another.
.Bl -bullet
.It
one
.It
two
.El
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// The page of every command passes the linter, and has the sections that the
// house rules ask for.
func TestPages(t *testing.T) {
	dir := t.TempDir()
	if err := write("../..", dir, day); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.8"))
	if err != nil || len(pages) < 8 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "DIFFERENCES FROM QNX"} {
				if !bytes.Contains(text, []byte("\n.Sh "+section+"\n")) {
					t.Errorf("no section %s", section)
				}
			}
			mandoc, err := exec.LookPath("mandoc")
			if err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			out, err := exec.Command(mandoc, "-T", "lint", "-W", "warning", page).CombinedOutput()
			if err != nil || len(out) > 0 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestRun(t *testing.T) {
	for _, args := range []string{"", "-date yesterday .", "-x", "-date 2026-11-02 a b"} {
		var errs strings.Builder
		if status := run(strings.Fields(args), &errs); status != 1 || errs.Len() == 0 {
			t.Errorf("%q: status %d, %q", args, status, errs.String())
		}
	}
}
