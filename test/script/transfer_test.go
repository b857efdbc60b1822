package script

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// transferTime is how long one transfer may take.
const transferTime = 8 * time.Minute

// cmdTransfer sends bytes to a TCP service that sends them back (RFC 862), and
// checks each one; with a file, again and again until that is there:
// transfer 10.0.0.1:7 200000000 [file]
func cmdTransfer(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: transfer host:port bytes [file]")
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	begin, sent := time.Now(), int64(0)
	for over := false; !over; {
		if time.Since(begin) > transferTime {
			ts.Fatalf("%s has not come", args[2])
		}
		ts.Check(transfer(args[0], size))
		sent += size
		over = len(args) == 2
		if !over {
			_, err := os.Stat(ts.MkAbs(args[2]))
			over = err == nil
		}
	}
	ts.Logf("%d bytes, %.0f Mb/s each way", sent, float64(sent)*8/time.Since(begin).Seconds()/1e6)
}

func transfer(address string, size int64) error {
	c, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(transferTime)); err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() { // ends with the connection
		_, err := io.Copy(c, noise(size))
		sent <- errors.Join(err, c.(*net.TCPConn).CloseWrite())
	}()
	same := compare(c, noise(size))
	if same != nil {
		_ = c.Close()
	}
	return errors.Join(same, <-sent)
}

// noise gives size bytes that are hard to mistake for others: any shift shows.
func noise(size int64) io.Reader {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(size))
	return io.LimitReader(rand.NewChaCha8(seed), size)
}

// compare reads got to its end, which must be that of want.
func compare(got, want io.Reader) error {
	a, b := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); ; {
		n, err := got.Read(a)
		if _, werr := io.ReadFull(want, b[:n]); werr != nil {
			return fmt.Errorf("more than %d bytes came back", at)
		}
		if !bytes.Equal(a[:n], b[:n]) {
			return fmt.Errorf("other bytes came back, somewhere in %d to %d", at, at+int64(n))
		}
		at += int64(n)
		if err == io.EOF {
			if left, _ := io.Copy(io.Discard, want); left > 0 {
				return fmt.Errorf("%d bytes came back, %d did not", at, left)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("after %d bytes: %w", at, err)
		}
	}
}

// cmdGarbage writes what no client would to a unix socket, in several
// connections, and hangs up: garbage /dev/socket/config
func cmdGarbage(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: garbage socket")
	}
	random := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(random)
	for _, text := range [][]byte{
		nil, []byte("\n"), []byte("{}\n"), []byte("null\n"), []byte("[]\n"), []byte(`{"v":1,"op":"get"`),
		[]byte(`{"v":99,"op":"list"}` + "\n"), []byte(`{"v":1,"op":"nonsense","if":"ecm0"}` + "\n"),
		[]byte(`{"v":1,"op":"setmtu","if":"ecm0","value":-1}` + "\n"),
		[]byte(`{"v":1,"op":"addaddr","if":"ecm0"}` + "\n"),
		[]byte(`{"v":1,"op":"mount","driver":"` + "\x00../../etc/passwd\"}\n"),
		bytes.Repeat([]byte("["), 1<<16), bytes.Repeat([]byte("x"), 1<<20), random,
	} {
		c, err := net.Dial("unix", args[0])
		ts.Check(err)
		ts.Check(c.SetDeadline(time.Now().Add(10 * time.Second)))
		_, err = c.Write(text)
		if err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			ts.Fatalf("%.20q: %v", text, err)
		}
		_ = c.Close()
	}
}
