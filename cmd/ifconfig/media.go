package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"io-pkt/internal/ctl"
)

// subtypes are the Ethernet media by all their names, the first of which is
// printed (NetBSD net/if_media.h). Case does not matter.
var subtypes = [][]string{
	{"autoselect", "auto"},
	{"manual"},
	{"none"},
	{"10baseT", "10baseT/UTP", "UTP", "10UTP", "10BASE-T"},
	{"10base2", "10base2/BNC", "BNC", "10BNC"},
	{"10base5", "10base5/AUI", "AUI", "10AUI"},
	{"100baseTX", "100TX", "100BASE-TX"},
	{"100baseFX", "100FX", "100BASE-FX"},
	{"100baseT4", "100T4", "100BASE-T4"},
	{"100baseVG", "100VG", "100VG-AnyLAN"},
	{"100baseT2", "100T2", "100BASE-T2"},
	{"1000baseSX", "1000SX", "1000BASE-SX"},
	{"10baseSTP", "STP", "10STP", "10BASE-STP"},
	{"10baseFL", "FL", "10FL", "10BASE-FL"},
	{"1000baseLX", "1000LX", "1000BASE-LX"},
	{"1000baseCX", "1000CX", "1000BASE-CX"},
	{"1000baseT", "1000T", "1000BASE-T"},
	{"HomePNA1", "HPNA1"},
	{"10GbaseLR", "10GLR", "10GBASE-LR"},
	{"10GbaseSR", "10GSR", "10GBASE-SR"},
	{"10GbaseCX4", "10GCX4", "10GBASE-CX4"},
	// A subtype with an option, in one word.
	{"10baseT full-duplex", "10baseT-FDX", "10BASE-T-FDX"},
	{"100baseTX full-duplex", "100baseTX-FDX", "100BASE-TX-FDX"},
	{"1000baseT full-duplex", "1000baseT-FDX"},
}

// mediaOptions are the options of Ethernet media, in the order in which they are
// printed.
var mediaOptions = [][]string{
	{"full-duplex", "fdx"}, {"half-duplex", "hdx"}, {"flowcontrol", "flow"},
	{"flag0"}, {"flag1"}, {"flag2"}, {"loopback", "hw-loopback", "loop"},
	{"master"}, {"rxpause"}, {"txpause"},
}

// mediaModes are the modes of Ethernet, all of which mean none; the others are
// those of wireless media.
var mediaModes = [][]string{{"autoselect", "auto"}}

// maxInstance is the largest media instance (IFM_INST_MAX).
const maxInstance = 15

// lookup gives the first name of what goes by a name, and whether anything does.
func lookup(table [][]string, name string) (string, bool) {
	for _, names := range table {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			return names[0], true
		}
	}
	return "", false
}

// A medium is what an Ethernet interface can be set to.
type medium struct {
	subtype  string
	options  []string // by their first names, in the order of mediaOptions
	instance int
}

// parseMedium reads a medium as io-pkt tells it, which is as it is printed.
func parseMedium(text string) (m medium) {
	words := strings.Fields(text)
	if n := len(words); n >= 3 && words[n-2] == "instance" {
		if i, err := strconv.Atoi(words[n-1]); err == nil && i > 0 {
			m.instance, words = i, words[:n-2]
		}
	}
	if len(words) > 0 {
		m.subtype = words[0]
		m.options = strings.FieldsFunc(strings.Join(words[1:], ","), func(r rune) bool { return r == ',' })
	}
	return m
}

// text prints a medium with what stands in front of its options.
func (m medium) text(separator string) string {
	s := m.subtype
	if len(m.options) > 0 {
		s += separator + strings.Join(m.options, ",")
	}
	if m.instance != 0 {
		s += fmt.Sprintf(" instance %d", m.instance)
	}
	return s
}

// A mediaPlan is what a line says of the medium.
type mediaPlan struct {
	medium     medium
	set, clear []string
	said       map[string]bool // the words that were there
}

// mediaWord is one of the words for media. They are checked in the original's
// order: whether there are media at all, whether the words belong together, and
// whether they are known.
func mediaWord(name string, take func(p *mediaPlan, value string) error) entry {
	return entry{name, 1, func(p *planner, args []string) error {
		if p.iface.Media == nil {
			return ioctlError{"SGIOCGIFMEDIA", p.unknownCall()} // sic
		}
		if p.media.said == nil {
			p.media.said = make(map[string]bool)
			p.media.medium = parseMedium(p.iface.Media.Current)
		}
		if p.media.said[name] {
			return fmt.Errorf("only one `%s' command may be issued", name)
		}
		if err := take(&p.media, args[0]); err != nil {
			return err
		}
		p.media.said[name] = true
		return nil
	}}
}

func mediaWords() []entry {
	instance := mediaWord("instance", (*mediaPlan).setInstance)
	inst := instance
	inst.name = "inst"
	return []entry{
		mediaWord("media", (*mediaPlan).setSubtype),
		mediaWord("mediaopt", (*mediaPlan).setOptions), mediaWord("-mediaopt", (*mediaPlan).clearOptions),
		mediaWord("mode", (*mediaPlan).setMode), instance, inst,
	}
}

func (p *mediaPlan) setSubtype(value string) error {
	switch {
	case p.said["mode"]:
		return errors.New("may not issue `media' after `mode' commands")
	case p.said["mediaopt"], p.said["-mediaopt"]:
		return errors.New("may not issue `media' after `mediaopt' commands")
	}
	name, known := lookup(subtypes, value)
	if !known {
		return fmt.Errorf("unknown Ethernet media subtype: %s", value)
	}
	instance := p.medium.instance
	p.medium = parseMedium(name)
	p.medium.instance = instance
	return nil
}

func (p *mediaPlan) setOptions(value string) (err error) {
	if p.said["instance"] {
		return errors.New("may not issue `mediaopt' after `instance'")
	}
	p.set, err = parseOptionsList(value)
	return err
}

func (p *mediaPlan) clearOptions(value string) (err error) {
	if p.said["media"] {
		return errors.New("may not issue both `media' and `-mediaopt'")
	}
	p.clear, err = parseOptionsList(value)
	return err
}

func (p *mediaPlan) setMode(value string) error {
	if _, known := lookup(mediaModes, value); !known {
		return fmt.Errorf("unknown Ethernet media mode: %s", value)
	}
	return nil
}

func (p *mediaPlan) setInstance(value string) error {
	if !p.said["media"] {
		return errors.New("must specify `media' before `instance'")
	}
	n, ok := prefixLength(value, maxInstance) // no digits are 0, as with atoi(3)
	if !ok {
		return fmt.Errorf("invalid media instance: %s", value)
	}
	p.medium.instance = n
	return nil
}

func parseOptionsList(value string) (names []string, err error) {
	for option := range strings.SplitSeq(value, ",") {
		if option == "" {
			continue
		}
		name, known := lookup(mediaOptions, option)
		if !known {
			return nil, fmt.Errorf("unknown Ethernet media option: %s", option)
		}
		names = append(names, name)
	}
	return names, nil
}

// mediaSteps sets the medium, if the line has said anything of it.
func (p *planner) mediaSteps() []step {
	if len(p.media.said) == 0 {
		return nil
	}
	m := p.media.medium
	given := slices.Concat(m.options, p.media.set)
	m.options = nil
	for _, names := range mediaOptions {
		if slices.Contains(given, names[0]) && !slices.Contains(p.media.clear, names[0]) {
			m.options = append(m.options, names[0])
		}
	}
	return []step{{ioctl: "SIOCSIFMEDIA", request: ctl.Request{
		Op: ctl.OpSetMedia, Interface: p.iface.Name, Media: m.text(" "),
	}}}
}
