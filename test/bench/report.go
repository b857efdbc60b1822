package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A Report is what one run of the command found.
type Report struct {
	Taken    time.Time `json:"taken"`
	Seconds  int       `json:"seconds"` // how long it took
	Quick    bool      `json:"quick,omitempty"`
	Commit   string    `json:"commit"`
	Machine  Machine   `json:"machine"`
	Figures  []Figure  `json:"figures"`
	Failures []string  `json:"failures,omitempty"` // what could not be measured
}

// A Machine is what it was measured on.
type Machine struct {
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	Kernel     string `json:"kernel"`
	Guest      string `json:"guest"` // the guest's kernel
	Go         string `json:"go"`
}

// newReport makes a report without figures. What is unknown stays empty: the
// figures are worth having all the same.
func newReport(ctx context.Context, taken time.Time, quick bool) Report {
	r := Report{Taken: taken.UTC().Truncate(time.Second), Quick: quick}
	if out, err := exec.CommandContext(ctx, "git", "describe", "--tags", "--always", "--dirty").Output(); err == nil {
		r.Commit = strings.TrimSpace(string(out))
	}
	r.Machine.Processors, r.Machine.Go = runtime.NumCPU(), runtime.Version()
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		r.Machine.Kernel, _, _ = strings.Cut(unix.ByteSliceToString(uts.Release[:]), "-")
	}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		r.Machine.Processor = processor(info)
	}
	return r
}

// processor takes the processor's name from /proc/cpuinfo.
func processor(info []byte) string {
	for line := range bytes.Lines(info) {
		if key, value, _ := bytes.Cut(line, []byte(":")); string(bytes.TrimSpace(key)) == "model name" {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

// readReport reads the bench.json of an earlier run.
func readReport(path string) (Report, error) {
	var r Report
	data, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// write writes bench.json and bench.svg into a directory, and the tables into the
// bench.md there.
func (r Report) write(dir string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	// A line for each figure is what one likes to see in a diff.
	data = bytes.ReplaceAll(data, []byte(`{"part":`), []byte("\n{\"part\":"))
	var picture bytes.Buffer
	if err := writeChart(&picture, r); err != nil {
		return err
	}
	var tables bytes.Buffer
	if err := writeTables(&tables, r); err != nil {
		return err
	}
	page := filepath.Join(dir, "bench.md")
	text, err := os.ReadFile(page)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(page, between(text, tables.Bytes()), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "bench.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "bench.svg"), picture.Bytes(), 0o644)
}

// The marks in bench.md: what is between them is this command's, the rest is
// written by hand.
var beginMark, endMark = []byte("<!-- made by make bench: -->\n"), []byte("<!-- end of what make bench made -->\n")

// between puts the tables between the marks of a page, and both at its end when it
// does not have them.
func between(page, tables []byte) []byte {
	before, rest, begun := bytes.Cut(page, beginMark)
	_, after, ended := bytes.Cut(rest, endMark)
	if !begun || !ended {
		before, after = page, nil
	}
	return bytes.Join([][]byte{before, beginMark, []byte("\n"), tables, []byte("\n"), endMark, after}, nil)
}
