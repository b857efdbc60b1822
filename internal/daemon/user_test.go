package daemon

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

// noCapability is one that nobody has.
const noCapability = 63

// becomes is a program that becomes the user in its first argument, keeps the one
// capability of two that it has, and shows who it is then.
func becomes(args []string) int {
	if os.Getuid() == 0 {
		u, err := ParseUser(args[1])
		if err == nil {
			err = u.Exec(args, unix.CAP_NET_ADMIN, noCapability)
		}
		fmt.Println(err)
		return 1
	}
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range regexp.MustCompile(`(?m)^(Uid|Gid|Groups|CapEff|CapPrm|CapAmb):.*$`).FindAllString(string(status), -1) {
		fmt.Println(strings.Join(strings.Fields(line), " "))
	}
	cmdline, _ := os.ReadFile("/proc/self/cmdline")
	fmt.Printf("%d %q\n", os.Getpid(), cmdline)
	return 0
}

func TestExec(t *testing.T) {
	if os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs root to become somebody else")
		}
		t.Skip("needs root to become somebody else")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"/some/where/becomes", "65534:65533,65532,65531"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := fmt.Sprintf(`Uid: 65534 65534 65534 65534
Gid: 65533 65533 65533 65533
Groups: 65531 65532
CapPrm: 0000000000001000
CapEff: 0000000000001000
CapAmb: 0000000000001000
%d "/some/where/becomes\x0065534:65533,65532,65531\x00"
`, cmd.Process.Pid)
	if d := cmp.Diff(want, string(out)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestParseUser(t *testing.T) {
	for _, c := range []struct {
		spec string
		want User
		ok   bool
	}{
		{"33", User{UID: 33, GID: 33}, true},
		{"33:44", User{UID: 33, GID: 44}, true},
		{"37:37,21,35", User{UID: 37, GID: 37, Groups: []int{21, 35}}, true},
		{"root", User{}, true},
		{"root,5", User{Groups: []int{5}}, true},
		{"", User{}, false},
		{"33:", User{}, false},
		{"33:x", User{}, false},
		{"-1", User{}, false},
		{"4294967295", User{}, false},
		{"0:4294967295", User{}, false},
		{"root:0", User{}, false},
		{"33,root", User{}, false},
	} {
		got, err := ParseUser(c.spec)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.spec, err)
		}
		if d := cmp.Diff(c.want, got, cmpopts.IgnoreUnexported(User{})); c.ok && d != "" {
			t.Errorf("%q (-want +got):\n%s", c.spec, d)
		}
	}
}

// A user that is understood has numbers that the system calls take as they are,
// and is the same when written with these.
func FuzzParseUser(f *testing.F) {
	for _, s := range []string{"33:33", "37:37,21,35", "root,5", "4294967295", ",", "1:2:3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		u, err := ParseUser(spec)
		if err != nil {
			return
		}
		for _, n := range append([]int{u.UID, u.GID}, u.Groups...) {
			if n < 0 || n >= 1<<32-1 {
				t.Errorf("%q: %+v", spec, u)
			}
		}
		words := []string{fmt.Sprintf("%d:%d", u.UID, u.GID)}
		for _, g := range u.Groups {
			words = append(words, strconv.Itoa(g))
		}
		numbers := strings.Join(words, ",")
		again, err := ParseUser(numbers)
		if d := cmp.Diff(u, again, cmpopts.IgnoreUnexported(User{})); err != nil || d != "" {
			t.Errorf("%q, written as %q: %v, -first +again\n%s", spec, numbers, err, d)
		}
	})
}
