package slog

// A Severity says how bad an event is; a lower one is worse (QNX sys/slog.h).
type Severity uint8

// The severities.
const (
	Shutdown Severity = iota // the system is going down
	Critical                 // an unexpected unrecoverable error
	Error                    // an unexpected recoverable error
	Warning                  // expected errors
	Notice                   // warnings
	Info                     // information
	Debug1                   // normal detail
	Debug2                   // fine detail
)
