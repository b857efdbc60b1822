package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"io-pkt/internal/getopt"
)

// defaultPath is where drivers look for the bus.
const defaultPath = "/dev/io-usb/io-usb"

// The name of QNX 7, and where it has the bus ("io-usb-otg", 7.0).
const (
	otgName = "io-usb-otg"
	otgPath = "/dev/usb/io-usb-otg"
)

// machineBus is where Linux keeps its own.
const machineBus = "/dev/bus/usb"

// A commandLine is what the user has asked for.
type commandLine struct {
	sims        []simOptions
	controllers []string // drivers of host controllers
	path        string
	alias       string // another path of the bus, if not empty
	otg         bool   // it is io-usb-otg
	machine     string // where the machine's own bus is
	command     string
	verbose     bool
	foreground  bool
	help        bool
}

// parse reads the arguments, the command's name not included.
func parse(args []string) (commandLine, error) {
	c := commandLine{path: defaultPath, machine: machineBus}
	for len(args) > 0 && strings.HasPrefix(args[0], "--") {
		switch args[0] {
		case "--foreground":
			c.foreground = true
		case "--help":
			c.help = true
			return c, nil
		default:
			return c, fmt.Errorf("unknown option %s", args[0])
		}
		args = args[1:]
	}
	if err := c.letters(args); err != nil {
		return c, err
	}
	switch {
	case c.command != "" && len(c.sims)+len(c.controllers) > 0:
		return c, errors.New("-c asks a running io-usb: it goes without -d")
	case c.command != "":
		return c, nil
	case len(c.sims)+len(c.controllers) == 0:
		return c, errNoDriver
	case len(c.sims) > 0 && len(c.controllers) > 0:
		return c, fmt.Errorf("%s can be a simulated bus or the machine's own, not both", c.path)
	}
	return c, nil
}

// optionLetters are the single-letter options, as getopt wants them.
const optionLetters = "d:o:n:c:vCIE:e:O:P:r:t:T:U:"

// letters reads the single-letter options. getopt stops at the first word that
// is none, which may be the options of the driver before it, or go on with the command.
func (c *commandLine) letters(args []string) error {
	args = withoutFlagC(args)
	for len(args) > 0 {
		options, rest, err := getopt.Parse(args, optionLetters)
		if err != nil {
			return err
		}
		words, last := "", len(options)-1
		switch {
		case len(rest) == 0:
		case last >= 0 && strings.ContainsRune("do", options[last].Letter):
			words, rest = rest[0], rest[1:]
		case last >= 0 && options[last].Letter == 'c':
			n := slices.IndexFunc(rest, func(w string) bool { return strings.HasPrefix(w, "-") })
			if n < 0 {
				n = len(rest)
			}
			words, rest = strings.Join(rest[:n], " "), rest[n:]
		default:
			return fmt.Errorf("unexpected word %q", rest[0])
		}
		for i, o := range options {
			switch o.Letter {
			case 'd':
				if i < last {
					err = c.driver(o.Value, "")
				} else {
					err = c.driver(o.Value, words)
				}
			case 'n':
				c.path = o.Value
			case 'c':
				c.command = o.Value
				if i == last && words != "" {
					c.command += " " + words
				}
			case 'v':
				c.verbose = true
			}
			if err != nil {
				return err
			}
		}
		args = rest
	}
	return nil
}

// withoutFlagC leaves out each -c that has no command behind it, which is one of
// QNX's.
func withoutFlagC(args []string) (left []string) {
	for len(args) > 0 {
		n := 1
		_, _, err := getopt.Parse(args[:1], optionLetters)
		e, ok := errors.AsType[*getopt.Error](err)
		switch wantsValue := ok && e.Missing; {
		case wantsValue && e.Letter == 'c' && (len(args) == 1 || strings.HasPrefix(args[1], "-")):
			if others := strings.TrimSuffix(args[0], "c"); others != "-" {
				left = append(left, others)
			}
			args = args[1:]
			continue
		case wantsValue:
			n = min(2, len(args))
		}
		left = append(left, args[:n]...)
		args = args[n:]
	}
	return left
}

// simulation is the variable that has a line simulate, whatever drivers it has.
const simulation = "IO_USB_SIM"

// simulate has what starts a bus simulate one, with these options.
func (c *commandLine) simulate(words string) error {
	if c.help || c.command != "" {
		return nil
	}
	o, err := parseSim(words)
	if err != nil {
		return fmt.Errorf("%s: %w", simulation, err)
	}
	c.sims = []simOptions{o}
	return nil
}

// driver takes one -d.
func (c *commandLine) driver(name, words string) error {
	if name == "sim" {
		o, err := parseSim(words)
		if err != nil {
			return fmt.Errorf("sim: %w", err)
		}
		c.sims = append(c.sims, o)
		return nil
	}
	controller, ok := controllerName(name)
	if !ok {
		return fmt.Errorf("unknown driver %q", name)
	}
	if err := controllerOptions(words); err != nil {
		return fmt.Errorf("%s: %w", controller, err)
	}
	c.controllers = append(c.controllers, controller)
	return nil
}

// controllers are parts of the names that host controllers' drivers have on QNX:
// devu-ehci-mx28.so, devu-hcd-xhci.so, devu-dm816x-mg.so.
var controllers = []string{"ehci", "uhci", "ohci", "xhci", "hcd-", "dwc", "-mg", "musb", "otg", "isp1", "sl811"}

// controllerName gives the name of a host controller's driver without what may
// be around it, as in /lib/dll/devu-ehci.so; ok is false when there is no such
// driver.
func controllerName(driver string) (name string, ok bool) {
	name = driver[strings.LastIndexByte(driver, '/')+1:]
	name = strings.TrimSuffix(strings.TrimPrefix(name, "devu-"), ".so")
	return name, slices.ContainsFunc(controllers, func(part string) bool { return strings.Contains(name, part) })
}

// controllerOptions looks at a host controller's options. They differ from one
// driver to the next, but where registers and interrupts are is a number.
func controllerOptions(words string) error {
	for word := range strings.SplitSeq(words, ",") {
		name, value, _ := strings.Cut(word, "=")
		if name != "ioport" && name != "irq" {
			continue
		}
		if _, rest := getopt.Number(value); value == "" || rest != "" {
			return fmt.Errorf("%s=%s: want a number", name, value)
		}
	}
	return nil
}
