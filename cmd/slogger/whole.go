package main

import (
	"bufio"
	"errors"
	"io"

	"io-pkt/slog"
)

// wholeEvents gives the size of the whole events that a log begins with. What
// follows them is half an event or nothing; else the error is slog.ErrFormat. It is
// that, too, for what does not begin with an event: that is no log, however short.
func wholeEvents(r io.Reader) (end int64, err error) {
	in := bufio.NewReaderSize(r, 32*slog.MaxEvent)
	for {
		b, err := in.Peek(slog.MaxEvent)
		if err != nil && err != io.EOF {
			return end, err
		}
		if len(b) == 0 {
			return end, nil
		}
		_, n, err := slog.Parse(b)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			if end == 0 {
				return 0, slog.ErrFormat
			}
			return end, nil
		}
		if err != nil {
			return end, err
		}
		_, _ = in.Discard(n)
		end += int64(n)
	}
}
