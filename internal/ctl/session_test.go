package ctl

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
)

// TestBadRequests: what the server itself refuses, and whether it hangs up then.
func TestBadRequests(t *testing.T) {
	prefix := serve(t, funcs{do: func(_ context.Context, _ Peer, r Request) Reply {
		t.Errorf("the handler was given %+v", r)
		return Reply{}
	}}, nil)
	for _, c := range []struct {
		name, line string
		want       syscall.Errno
		hangsUp    bool
	}{
		{"garbage", "GET / HTTP/1.1", syscall.EPROTO, true},
		{"empty line", "", syscall.EPROTO, true},
		{"no version", `{"op":"list"}`, syscall.EPROTO, true},
		{"other version", `{"v":2,"op":"list"}`, syscall.EPROTO, true},
		{"two values", `{"v":1,"op":"list"}{"v":1,"op":"list"}`, syscall.EPROTO, true},
		{"wrong type", `{"v":1,"op":"list","value":"x"}`, syscall.EPROTO, true},
		{"too long", `{"v":1,"op":"list","if":"` + strings.Repeat("a", MaxRequest) + `"}`, syscall.EMSGSIZE, true},
		{"unknown operation", `{"v":1,"op":"reboot"}`, syscall.ENOSYS, false},
		{"no operation", `{"v":1}`, syscall.ENOSYS, false},
		{"no interface", `{"v":1,"op":"get"}`, syscall.EINVAL, false},
		{"long name", `{"v":1,"op":"get","if":"` + strings.Repeat("a", 256) + `"}`, syscall.ENAMETOOLONG, false},
		{"control character", `{"v":1,"op":"get","if":"a\nb"}`, syscall.EINVAL, false},
		{"no address", `{"v":1,"op":"addaddr","if":"ecm0"}`, syscall.EINVAL, false},
		{"invalid address", `{"v":1,"op":"addaddr","if":"ecm0","address":{"addr":""}}`, syscall.EINVAL, false},
		{"prefix length", `{"v":1,"op":"addaddr","if":"ecm0","address":{"addr":"fe80::1","prefixlen":129}}`, syscall.EINVAL, false},
		{"mixed families", `{"v":1,"op":"addaddr","if":"ecm0","address":{"addr":"10.0.0.1","dest":"::1"}}`, syscall.EINVAL, false},
		{"zone", `{"v":1,"op":"addaddr","if":"ecm0","address":{"addr":"fe80::1%lo0"}}`, syscall.EINVAL, false},
		{"no driver", `{"v":1,"op":"mount"}`, syscall.EINVAL, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("unix", SocketPath(prefix))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			if _, err := conn.Write([]byte(c.line + "\n")); err != nil {
				t.Fatal(err)
			}
			line, err := readLine(in, MaxReply)
			if err != nil {
				t.Fatal(err)
			}
			r, err := parseReply(line)
			if err != nil {
				t.Fatal(err)
			}
			if got := syscall.Errno(r.Errno); got != c.want {
				t.Errorf("errno = %v (%s); want %v", got, r.Error, c.want)
			}
			if c.hangsUp {
				if _, err := in.ReadByte(); err == nil {
					t.Error("still connected")
				}
				return
			}
			if _, err := conn.Write([]byte("x\n")); err != nil {
				t.Error("the server hung up:", err)
			}
			if _, err := readLine(in, MaxReply); err != nil {
				t.Error("no second reply:", err)
			}
		})
	}
}

// TestHugeReply: what does not fit becomes an error, not a torn line.
func TestHugeReply(t *testing.T) {
	line := appendReply(Reply{Error: strings.Repeat("x", MaxReply)})
	if !bytes.HasSuffix(line, []byte("\n")) || len(line) > 1000 {
		t.Fatalf("line of %d bytes", len(line))
	}
	r, err := parseReply(bytes.TrimSuffix(line, []byte("\n")))
	if err != nil || syscall.Errno(r.Errno) != syscall.EMSGSIZE {
		t.Errorf("reply = %+v, %v; want EMSGSIZE", r, err)
	}
}
