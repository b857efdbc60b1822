package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// A pair is two files of a bounded size, written to in turns. Both are open all
// the time, since the user that slogger becomes may not be allowed to open them.
type pair struct {
	files [2]single
	turn  int
	begun bool // the file whose turn it is was emptied: not before there is something to write
	size  int64
}

func openPair(l logFile, flags int) (*pair, error) {
	p := &pair{size: l.size}
	var infos [2]os.FileInfo
	for i := range p.files {
		f, err := os.OpenFile(fmt.Sprintf("%s%d", l.name, i+1), flags, 0o644)
		if err == nil {
			p.files[i].File = f
			infos[i], err = f.Stat()
		}
		if err == nil && !infos[i].Mode().IsRegular() {
			err = &os.PathError{Op: "empty", Path: f.Name(), Err: unix.EINVAL}
		}
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	p.turn = first(infos[0], infos[1])
	return p, nil
}

// first says which of two files costs less: an empty one, or else that whose last
// event is older.
func first(a, b os.FileInfo) int {
	if a.Size() > 0 && (b.Size() == 0 || b.ModTime().Before(a.ModTime())) {
		return 1
	}
	return 0
}

// empty empties the file whose turn it is.
func (p *pair) empty() error {
	f := &p.files[p.turn]
	_, err := f.Seek(0, io.SeekStart)
	if err := errors.Join(err, f.Truncate(0)); err != nil {
		return err
	}
	f.end, p.begun = 0, true
	return nil
}

func (p *pair) Write(e slog.Event) error {
	if n := int64(len(e.Append(nil))); p.begun && p.files[p.turn].end+n > p.size {
		p.turn, p.begun = 1-p.turn, false
	}
	if !p.begun {
		if err := p.empty(); err != nil {
			return err
		}
	}
	return p.files[p.turn].Write(e)
}

func (p *pair) Close() error {
	var errs []error
	for _, f := range p.files {
		if f.File != nil {
			errs = append(errs, f.File.Close())
		}
	}
	return errors.Join(errs...)
}
