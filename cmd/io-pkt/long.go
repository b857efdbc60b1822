package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// long are the long options. QNX has none; they come before all others, so that
// they cannot be taken for a value or an options word of those.
type long struct {
	Foreground bool             `help:"Do not go to the background."`
	Help       help             `help:"Show this."`
	Version    kong.VersionFlag `help:"Show the version."`
	done       bool             // --help or --version was there: nothing is left to do
}

// help is --help without the -h that kong's own has: that letter is getopt's.
type help bool

// BeforeReset is kong's hook for flags that act before the line is checked.
func (help) BeforeReset(app *kong.Kong, ctx *kong.Context) error {
	err := ctx.PrintUsage(false)
	app.Exit(0)
	return err
}

const description = `The network stack manager of QNX, on Linux: loads drivers and makes their interfaces.

Options as on QNX:

    -d driver [options]    load a driver, for instance: -d ecm verbose
    -p protocol [options]  -p tcpip prefix=/PATH makes a stack of one's own
    -i instance            the number N of mount -T io-pktN
    -U uid[:gid[,gid]...]  run as this user, with the right to make interfaces
    -P priority            1 to 255, as on QNX; 21 by default, others have 10
    -v                     show what goes wrong with drivers on standard error

-D -I -S -q -r -t -u -w are accepted and do nothing.`

// takeLong takes the long options off the front of a command line and carries
// out --help and --version.
func takeLong(argv []string, stdout io.Writer) (l long, rest []string, err error) {
	n := 1
	for n < len(argv) && strings.HasPrefix(argv[n], "--") && len(argv[n]) > 2 {
		n++
	}
	if n == 1 {
		return l, argv, nil
	}
	parser, err := kong.New(&l,
		kong.Name("io-pkt"), kong.NoDefaultHelp(), kong.Description(description), kong.Vars{"version": version},
		kong.Writers(stdout, stdout), kong.Exit(func(int) { l.done = true }))
	if err != nil {
		return l, argv, fmt.Errorf("long options: %w", err)
	}
	_, err = parser.Parse(argv[1:n])
	if l.done {
		err = nil // kong goes on after it has shown its help
	}
	return l, append([]string{argv[0]}, argv[n:]...), err
}
