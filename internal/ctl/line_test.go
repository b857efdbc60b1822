package ctl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/qnx"
)

func TestReadLine(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
		end      error
	}{
		{"nothing", "", nil, io.EOF},
		{"lines", "a\n\nb\n", []string{"a", "", "b"}, io.EOF},
		{"cut off", "a\nb", []string{"a"}, io.ErrUnexpectedEOF},
		{"greatest", strings.Repeat("x", 100) + "\n", []string{strings.Repeat("x", 100)}, io.EOF},
		{"over", strings.Repeat("x", 101) + "\n", nil, errTooLong},
		{"endless", strings.Repeat("x", 1000), nil, errTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := bufio.NewReaderSize(strings.NewReader(c.in), 16)
			var got []string
			for {
				line, err := readLine(r, 100)
				if err != nil {
					if !errors.Is(err, c.end) {
						t.Errorf("end = %v; want %v", err, c.end)
					}
					break
				}
				got = append(got, string(line))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("lines (-want +got):\n%s", d)
			}
		})
	}
}

// FuzzRequest: what is taken for a request is within the limits, and is the same
// after another trip over the wire. What is not has an errno.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"v":1,"op":"addaddr","if":"ecm0","address":{"addr":"10.0.0.184","mask":4278190080,"broadcast":"10.255.255.255"}}`))
	f.Add([]byte(`{"v":1,"op":"addaddr","if":"ecm0","address":{"addr":"fe80::1","prefixlen":64,"vltime":4294967295}}`))
	f.Add([]byte(`{"v":1,"op":"mount","driver":"/lib/dll/devnp-ecm.so","options":"busnum=0x01,devnum=0x2"}`))
	f.Add([]byte(`{"v":1,"op":"setflags","if":"ecm0","set":1,"clear":128}`))
	f.Add([]byte(`{"v":2,"op":"list"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parseRequest(line)
		if err != nil {
			if e := qnx.Errno(err); e == syscall.EIO {
				t.Errorf("no errno in %v", err)
			}
			return
		}
		if len(r.Interface) > maxName || r.Address != nil && !r.Address.Addr.IsValid() {
			t.Errorf("accepted %+v", r)
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		r2, err := parseRequest(again)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if third, _ := json.Marshal(r2); !bytes.Equal(again, third) {
			t.Errorf("%s became %s", again, third)
		}
	})
}

// FuzzReply: the same for replies.
func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"v":1,"errno":6,"error":"no interface en9"}`))
	f.Add(bytes.TrimSuffix(appendReply(Reply{Interfaces: []Interface{{Name: "lo0", Media: &Media{Current: "autoselect"}}}}), []byte("\n")))
	f.Add([]byte(`{"v":1,"errno":-1}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parseReply(line)
		if err != nil {
			return
		}
		again := appendReply(r)
		r2, err := parseReply(bytes.TrimSuffix(again, []byte("\n")))
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if third := appendReply(r2); !bytes.Equal(again, third) {
			t.Errorf("%s became %s", again, third)
		}
	})
}
