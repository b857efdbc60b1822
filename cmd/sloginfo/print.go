package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"io-pkt/internal/qnx"
	"io-pkt/slog"
)

// print prints the log as the options say.
func (c *command) print(o options) error {
	r, err := slog.OpenReader(o.file)
	if err != nil {
		return err
	}
	defer r.Close()
	p := printer{
		options: o,
		layout:  slog.Layout{Millis: o.millis, Hex: o.hex, Formats: c.formats(), Escape: isTerminal(c.stdout)},
		reader:  r,
		out:     bufio.NewWriter(c.stdout),
		missed:  func(n uint64) { c.complain("%d events were dropped before they could be read", n) },
	}
	return p.print()
}

// A printer prints the events of one log.
type printer struct {
	options options
	layout  slog.Layout
	reader  *slog.Reader
	out     *bufio.Writer
	missed  func(uint64)

	told uint64 // missed events that were spoken of
	line []byte
}

func (p *printer) print() error {
	if _, err := p.out.WriteString(p.layout.Header()); err != nil {
		return err
	}
	if err := p.printAll(p.reader.Events()); err != nil {
		return err
	}
	if p.options.clear { // only now that everything is really written
		if err := p.reader.Clear(); err != nil {
			return err
		}
	}
	if p.options.wait {
		return p.printAll(p.reader.Follow())
	}
	return nil
}

// printAll prints events, and leaves none unwritten while it waits for more.
func (p *printer) printAll(events iter.Seq2[slog.Event, error]) error {
	for e, err := range events {
		if err != nil {
			return errors.Join(err, p.out.Flush())
		}
		if n := p.reader.Missed(); n > p.told {
			p.missed(n - p.told)
			p.told = n
		}
		if p.wants(e) {
			p.line = p.layout.Append(p.line[:0], e)
			_, _ = p.out.Write(p.line) // Flush gives the error
		}
		if !p.reader.Pending() {
			if err := p.out.Flush(); err != nil {
				return err
			}
		}
	}
	return p.out.Flush()
}

func (p *printer) wants(e slog.Event) bool {
	return int64(e.Severity) <= p.options.severity &&
		(p.options.major == nil || int64(e.Code.Major()) == *p.options.major)
}

// formats reads the files of formats. What is wrong with them is no reason not
// to print the log.
func (c *command) formats() slog.Formats {
	formats := slog.Formats{}
	names, _ := filepath.Glob(filepath.Join(c.formatDir, "*.fmt"))
	for _, name := range names {
		f, err := os.Open(name)
		if err == nil {
			err = formats.Read(f)
			f.Close()
		}
		if err != nil {
			c.complain("%s: %v", name, err)
		}
	}
	return formats
}

// explain gives an error the words that QNX's sloginfo has for it.
func explain(err error) string {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err.Error()
	}
	reason := path.Err.Error()
	if errno := syscall.Errno(0); errors.As(path.Err, &errno) {
		reason = qnx.ErrnoText(errno)
	}
	if path.Op == "open" {
		return fmt.Sprintf("Unable to open %s : %s", path.Path, reason)
	}
	return fmt.Sprintf("Unable to %s %s - %s", path.Op, path.Path, reason)
}

// isTerminal says that people read what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
