package main

import (
	"fmt"
	"io"
	"os"

	"io-pkt/internal/boot"
)

// check says of each line what becomes of it here.
func check(o options, stdout io.Writer) (status int, err error) {
	f, program, err := load(o)
	if err != nil {
		return exitUsage, err
	}
	stubs, err := loadStubs(o)
	if err != nil {
		return exitUsage, err
	}
	bin, err := ownDirectory()
	if err != nil {
		return exitUsage, err
	}
	checks := boot.Check(program, bin, stubs, boot.ImageFiles(f, program, os.LookupEnv))
	count := make(map[boot.Verdict]int)
	for _, c := range checks {
		count[c.Verdict]++
		fmt.Fprintf(stdout, "%s:%d: %-14s  %s", c.Command.File, c.Command.Pos.Line, c.Verdict, c.Command.Text)
		if c.Why != "" {
			fmt.Fprintf(stdout, "  # %s", c.Why)
		}
		fmt.Fprintln(stdout)
	}
	fmt.Fprintf(stdout, "%d lines: %d will run, %d emulated, %d without a counterpart\n",
		len(checks), count[boot.Runs], count[boot.Emulated], count[boot.Missing])
	if count[boot.Missing] > 0 {
		return exitFailed, nil
	}
	return exitOK, nil
}
