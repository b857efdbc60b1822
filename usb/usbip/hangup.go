package usbip

import (
	"io"
	"net"
	"time"
)

// A connection to an imported device is not just closed: the server closes its
// side once it has given the device back, and only then can it be imported
// again.

// startHangUp says that no command will follow. What then reads the connection
// gets to its end, sooner or later.
func startHangUp(conn net.Conn) {
	if c, ok := conn.(interface{ CloseWrite() error }); !ok || c.CloseWrite() != nil {
		_ = conn.Close()
	}
	_ = conn.SetDeadline(time.Now().Add(answerTimeout)) // fails if it is closed already
}

// hangUp gives a device back before anything was done with it.
func hangUp(conn net.Conn) {
	startHangUp(conn)
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}
