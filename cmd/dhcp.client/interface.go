package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"io-pkt/internal/ctl"
	"io-pkt/internal/waitfor"
)

// pause is how long -I waits between looks.
const pause = 2 * time.Second

// awaitInterface waits for the interface and gives its name.
func (r request) awaitInterface() (name string, err error) {
	limit := time.Duration(r.looks-1) * pause
	err = waitfor.Until(context.Background(), limit, pause, func() (bool, error) {
		if name = r.iface; name != "" {
			_, err := net.InterfaceByName(name)
			return false, err
		}
		name, err = first()
		return false, err
	})
	if err != nil {
		if r.iface == "" {
			return "", fmt.Errorf("unable to find an interface: %w", err)
		}
		return "", fmt.Errorf("unable to find interface %s", r.iface)
	}
	return name, nil
}

// first gives io-pkt's first interface. Those of the machine's own hardware are
// not its concern.
func first() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), pause)
	defer cancel()
	c, err := ctl.Dial(ctx, ctl.Prefix())
	if err != nil {
		return "", err
	}
	defer c.Close()
	reply, err := c.Do(ctx, ctl.Request{Op: ctl.OpList})
	if err != nil {
		return "", err
	}
	for _, i := range reply.Interfaces {
		if i.Flags&ctl.FlagLoopback == 0 {
			return i.Name, nil
		}
	}
	return "", errors.New("io-pkt has none")
}
