// Package waitfor waits for paths as QNX's waitfor does: the utility, and the word
// of start-up scripts. Both look whether the path is there, and look again after a
// pause, until the time is over.
//
// It starts no goroutines and keeps nothing.
package waitfor

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"io-pkt/internal/getopt"
)

// What counts when a command line does not say ("waitfor" of the Utilities
// Reference).
const (
	DefaultLimit = 5 * time.Second
	DefaultPoll  = 100 * time.Millisecond
)

// Path waits until stat(2) finds the path. It looks at least once, whatever the
// limit. The error is that of the last look, or ctx's.
func Path(ctx context.Context, path string, limit, poll time.Duration) error {
	return Until(ctx, limit, poll, func() (bool, error) {
		_, err := os.Stat(path)
		return false, err
	})
}

// Until calls try until it gives no error, or says that it is done, which ends
// the wait with its error. It calls at least once, with pauses of poll, a
// millisecond at least, until limit is over; then the last error comes back, or
// ctx's when that ended first.
func Until(ctx context.Context, limit, poll time.Duration, try func() (done bool, err error)) error {
	over := time.NewTimer(max(limit, 0))
	defer over.Stop()
	look := time.NewTicker(max(poll, time.Millisecond))
	defer look.Stop()
	for {
		done, err := try()
		if err == nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over.C:
			_, err := try() // what came in the last pause counts
			return err
		case <-look.C:
		}
	}
}

// notYet are the errors of a path that may still come, for start-up scripts.
var notYet = []syscall.Errno{
	syscall.ENOENT, syscall.ENOSYS, syscall.EAGAIN, syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENXIO,
}

// NotYet reports whether an error says that something is not there yet. Any other
// ends the wait of a start-up script at once; the utility goes on.
func NotYet(err error) bool {
	return slices.ContainsFunc(notYet, func(e syscall.Errno) bool { return errors.Is(err, e) })
}

// Seconds reads a time as QNX does: seconds in any base that C has, and after a
// point one digit, of tenths; what follows it does not count, nor does a word that
// is no number: that is 0.
func Seconds(word string) time.Duration {
	n, rest := getopt.Number(word)
	tenths := int64(0)
	if after, ok := strings.CutPrefix(rest, "."); ok && after != "" && '0' <= after[0] && after[0] <= '9' {
		tenths = int64(after[0] - '0')
	}
	const most = math.MaxInt32 // seconds: for ever, but something may be added to it
	return time.Duration(min(max(n, 0), most))*time.Second + time.Duration(tenths)*100*time.Millisecond
}
