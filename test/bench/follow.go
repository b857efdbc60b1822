package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// sampled gives the samples that a script writes to a file while f runs it.
func (b *bench) sampled(ctx context.Context, path string, f func() error) ([]sample, error) {
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	var samples []sample
	followed := make(chan error, 1)
	go func() { // ends when following does
		var err error
		samples, err = b.follow(following, path)
		followed <- err
	}()
	err := f()
	stop()
	err = errors.Join(err, <-followed)
	return samples, err
}

// follow reads a file's lines while they are being written, and tells what is
// measured. When ctx ends, it reads what is there still and returns the samples.
func (b *bench) follow(ctx context.Context, path string) ([]sample, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var samples []sample
	var pending []byte
	for done := false; !done; {
		select {
		case <-ctx.Done():
			done = true
		case <-time.After(time.Second):
		}
		more, err := io.ReadAll(file)
		if err != nil {
			return samples, err
		}
		pending = append(pending, more...)
		for {
			line, rest, whole := bytes.Cut(pending, []byte("\n"))
			if !whole {
				break
			}
			pending = rest
			if s, err := parseSample(line); err != nil {
				b.fail("%v", err)
			} else {
				samples = append(samples, s)
				b.say("%s", s.tell())
			}
		}
	}
	return samples, nil
}
