package main

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"time"

	"io-pkt/internal/ctl"
)

// redial is the pause between attempts to reach an io-pkt that is not there:
// nobody tells when it comes.
const redial = 50 * time.Millisecond

// oneLook is what io-pkt may take for an answer. It does not count against the
// limit, which may be a few milliseconds, or none.
const oneLook = time.Second

// exhausted says that the time is over, and what was in the way at last.
type exhausted struct{ last error }

func (e exhausted) Error() string { return "tries exhausted" }
func (e exhausted) Unwrap() error { return e.last }

// errSatisfied ends following.
var errSatisfied = errors.New("satisfied")

// wait waits until the interfaces satisfy, at most for the limit, but looks once
// in any case.
func wait(limit time.Duration, prefix string, satisfied func([]ctl.Interface) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for {
		err := watch(ctx, prefix, satisfied)
		switch {
		case errors.Is(err, errSatisfied):
			return nil
		case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENAMETOOLONG):
			return err // that will not change
		}
		select {
		case <-ctx.Done():
			return exhausted{err}
		case <-time.After(redial):
		}
	}
}

// watch looks, and goes on looking at each change until ctx is done. It returns
// errSatisfied or why it could not go on.
func watch(ctx context.Context, prefix string, satisfied func([]ctl.Interface) bool) error {
	first, cancel := context.WithTimeout(context.WithoutCancel(ctx), oneLook)
	defer cancel()
	c, err := ctl.Dial(first, prefix)
	if err != nil {
		return err
	}
	defer c.Close()
	look := func(list []ctl.Interface) error {
		if satisfied(list) {
			return errSatisfied
		}
		return nil
	}
	r, err := c.Do(first, ctl.Request{Op: ctl.OpList})
	if err == nil {
		err = look(r.Interfaces)
	}
	if err != nil {
		return err
	}
	return c.Follow(ctx, look)
}
