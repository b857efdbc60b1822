package main

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// On a terminal a session is somebody's shell: Ctrl-C is for what runs there. When
// the script is through, it ends the run.
func TestTerminal(t *testing.T) {
	needNamespaces(t)
	cmd := buildfileCommand(t, "run", script(t, `
		sleep 1000 &
		[+session] sh
		display_msg "end of the script"
	`))
	cmd.Env = append(cmd.Env, "PS1=prompt:", "ENV=")
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	seen := make(chan string)
	go func() { // ends with the terminal
		defer close(seen)
		for b := make([]byte, 1024); ; {
			n, err := terminal.Read(b)
			if err != nil {
				return
			}
			seen <- string(b[:n])
		}
	}()
	var all string
	expect := func(text string) {
		t.Helper()
		late := time.After(30 * time.Second)
		for !strings.Contains(all, text) {
			select {
			case s, ok := <-seen:
				if all += s; !ok {
					t.Fatalf("it ended, and did not show %q but %q", text, all)
				}
			case <-late:
				t.Fatalf("it does not show %q but %q", text, all)
			}
		}
		_, all, _ = strings.Cut(all, text)
	}
	say := func(text string) {
		t.Helper()
		if _, err := terminal.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	expect("prompt:")
	say("echo begin; sleep 1000\r")
	expect("begin\r\n")
	// A shell that is about to start a program may lose the key: type on.
	typing := time.NewTicker(500 * time.Millisecond)
	defer typing.Stop()
	stop := make(chan struct{})
	var typed sync.WaitGroup
	typed.Go(func() { // ends with stop
		for {
			_, _ = terminal.WriteString("\x03")
			select {
			case <-typing.C:
			case <-stop:
				return
			}
		}
	})
	expect("prompt:")
	close(stop)
	typed.Wait()
	say("test -t 0; echo status $?\r")
	expect("status 0")
	say("exit\r")
	expect("end of the script")
	say("\x03")
	watchdog := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer watchdog.Stop()
	for range seen {
	}
	if err := cmd.Wait(); err != nil {
		t.Error(errors.Join(err, errors.New(all)))
	}
}
