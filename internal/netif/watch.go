package netif

import (
	"fmt"
	"sync"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A Watcher tells that links or addresses have changed, not how: whoever wants
// to know reads them again. So it does not matter that the kernel's messages can
// be lost when there are too many.
type Watcher struct {
	socket  *nl.NetlinkSocket
	changed chan struct{} // capacity 1: a change waits at most once
	done    chan struct{} // closed by Close
	once    sync.Once
	wg      sync.WaitGroup
}

// Watch starts a watcher.
func Watch() (*Watcher, error) {
	socket, err := nl.Subscribe(unix.NETLINK_ROUTE,
		unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
	if err != nil {
		return nil, fmt.Errorf("watching the interfaces: %w", err)
	}
	w := &Watcher{socket: socket, changed: make(chan struct{}, 1), done: make(chan struct{})}
	w.wg.Go(w.receive)
	return w, nil
}

// receive ends when the socket is closed.
func (w *Watcher) receive() {
	for {
		if _, _, err := w.socket.Receive(); err != nil {
			select {
			case <-w.done:
				return
			default: // ENOBUFS, say: messages were lost, which is a reason to look
			}
		}
		w.Kick()
	}
}

// Changed receives after a change. Changes that happen close together count as
// one.
func (w *Watcher) Changed() <-chan struct{} { return w.changed }

// Kick makes a change known that the kernel does not tell about, or tells late. It
// does not block.
func (w *Watcher) Kick() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// Close ends the watcher. It may be called more than once.
func (w *Watcher) Close() error {
	w.once.Do(func() {
		close(w.done)
		w.socket.Close()
	})
	w.wg.Wait()
	return nil
}
