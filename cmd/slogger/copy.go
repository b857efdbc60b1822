package main

import (
	"context"
	"fmt"
	"io"

	"io-pkt/slog"
)

// copyTo writes the events of the log to a file until the log is closed. What is
// lost on the way stands in the file as an event, as soon as one can be written.
func (o options) copyTo(file eventFile, server *slog.Server, stderr io.Writer) {
	lost, failing := uint64(0), false
	for e, missed := range server.Follow(context.Background()) {
		lost += missed
		if int(e.Severity) > o.Filter {
			continue
		}
		err := write(file, e, lost)
		if err == nil {
			lost, failing = 0, false
			continue
		}
		lost++
		if !failing {
			fmt.Fprintf(stderr, "slogger: %s: %v\n", o.Log.name, err)
		}
		failing = true
	}
}

// write writes an event, and in front of it how many are lost.
func write(file eventFile, e slog.Event, lost uint64) error {
	if lost > 0 {
		note := slog.Event{
			Severity: slog.Warning,
			Code:     slog.NewCode(slog.Syslog, 0),
			Time:     e.Time,
			Text:     fmt.Sprintf("%d log events were lost", lost),
		}
		if err := file.Write(note); err != nil {
			return err
		}
	}
	return file.Write(e)
}
