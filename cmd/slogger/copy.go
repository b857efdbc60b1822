package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"io-pkt/slog"
)

// copyTo writes the events of the log to a file until the log is closed. What is
// lost on the way stands in the file as an event, as soon as one can be written.
func (o options) copyTo(file eventFile, server *slog.Server, stderr io.Writer) {
	lost, failing := uint64(0), false
	for e, missed := range server.Follow(context.Background()) {
		lost += missed
		if int64(e.Severity) > o.filter {
			continue
		}
		// The note comes first: it stands where the lost events would.
		if lost > 0 && file.Write(lostNote(lost, e.Time)) == nil {
			lost = 0
		}
		err := file.Write(e)
		if err == nil {
			failing = false
			continue
		}
		lost++
		if !failing {
			fmt.Fprintf(stderr, "%s: %s: %v\n", o.name, o.log.name, err)
		}
		failing = true
	}
}

func lostNote(lost uint64, at time.Time) slog.Event {
	return slog.Event{
		Severity: slog.Warning,
		Code:     slog.NewCode(slog.Syslog, 0),
		Time:     at,
		Text:     fmt.Sprintf("%d log events were lost", lost),
	}
}
