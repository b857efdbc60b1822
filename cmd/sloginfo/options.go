package main

import (
	"io"

	"github.com/alecthomas/kong"
)

// options are what the command line says.
type options struct {
	Clear    bool   `short:"c" help:"Clear the log of what was printed."`
	Hex      bool   `short:"h" help:"Print numbers in hexadecimal."`
	Major    *int64 `short:"m" placeholder:"MAJOR" help:"Print only events with this major code."`
	Severity int    `short:"s" placeholder:"SEVERITY" default:"7" help:"Print only events of this severity or a worse one."`
	Millis   bool   `short:"t" help:"Print times with milliseconds."`
	Wait     bool   `short:"w" help:"Print what is there and then wait for more."`
	Help     bool   `help:"Print this."` // not -h
	File     string `arg:"" optional:"" help:"The log: a socket or a file of events."`
}

// parse reads the arguments. When they ask for help it prints that and is done.
func parse(name string, args []string, stdout io.Writer) (o options, done bool, err error) {
	parser, err := kong.New(&o,
		kong.Name(name),
		kong.Description("Print the system log."),
		kong.NoDefaultHelp(),
		kong.Writers(stdout, stdout))
	if err != nil {
		return options{}, false, err
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return options{}, false, err
	}
	if o.Help {
		return options{}, true, ctx.PrintUsage(false)
	}
	return o, false, nil
}
