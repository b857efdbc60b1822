package slog

import (
	"bytes"
	"context"
	stdslog "log/slog"
	"strings"
	"sync"
	"time"
)

// A Handler lets the standard library's log/slog write to the system log: one
// event per record, the message first and the attributes after it as key=value.
// The record's time is left out, since the log stamps events itself.
type Handler struct {
	log   interface{ Log(Code, Severity, string) }
	code  Code
	text  stdslog.Handler // writes the attributes to lines
	lines *lines
}

// lines is where a handler and those made from it put a record together.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// NewHandler makes a handler that logs under a code; log is a *Log, *Client or
// *Server. Records below a level are left out; nil is stdslog.LevelInfo.
func NewHandler(log interface{ Log(Code, Severity, string) }, code Code, level stdslog.Leveler) *Handler {
	h := &Handler{log: log, code: code, lines: &lines{}}
	h.text = stdslog.NewTextHandler(&h.lines.buf, &stdslog.HandlerOptions{
		Level:       level,
		ReplaceAttr: dropBuiltin,
	})
	return h
}

// dropBuiltin removes what the handler says in its own way.
func dropBuiltin(groups []string, a stdslog.Attr) stdslog.Attr {
	if len(groups) > 0 {
		return a
	}
	_, isLevel := a.Value.Any().(stdslog.Level)
	isMessage := a.Key == stdslog.MessageKey && a.Value.String() == ""
	if isMessage || isLevel && a.Key == stdslog.LevelKey {
		return stdslog.Attr{}
	}
	return a
}

// Enabled implements the standard library's Handler.
func (h *Handler) Enabled(ctx context.Context, level stdslog.Level) bool {
	return h.text.Enabled(ctx, level)
}

// Handle implements the standard library's Handler.
func (h *Handler) Handle(ctx context.Context, r stdslog.Record) error {
	message := r.Message
	r.Time, r.Message = time.Time{}, ""
	attrs, err := h.attrs(ctx, r)
	if err != nil {
		return err
	}
	h.log.Log(h.code, severity(r.Level), strings.TrimSpace(message+" "+attrs))
	return nil
}

func (h *Handler) attrs(ctx context.Context, r stdslog.Record) (string, error) {
	h.lines.mu.Lock()
	defer h.lines.mu.Unlock()
	h.lines.buf.Reset()
	err := h.text.Handle(ctx, r)
	return strings.TrimSuffix(h.lines.buf.String(), "\n"), err
}

// WithAttrs implements the standard library's Handler.
func (h *Handler) WithAttrs(attrs []stdslog.Attr) stdslog.Handler {
	with := *h
	with.text = h.text.WithAttrs(attrs)
	return &with
}

// WithGroup implements the standard library's Handler.
func (h *Handler) WithGroup(name string) stdslog.Handler {
	with := *h
	with.text = h.text.WithGroup(name)
	return &with
}

// severity gives the severity for a level: those of the standard library, and
// the steps of four around them.
func severity(level stdslog.Level) Severity {
	switch {
	case level < stdslog.LevelDebug:
		return Debug2
	case level < stdslog.LevelInfo:
		return Debug1
	case level < stdslog.LevelInfo+2:
		return Info
	case level < stdslog.LevelWarn:
		return Notice
	case level < stdslog.LevelError:
		return Warning
	case level < stdslog.LevelError+4:
		return Error
	case level < stdslog.LevelError+8:
		return Critical
	}
	return Shutdown
}
