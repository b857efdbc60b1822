package sim

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"io-pkt/usb"
)

// maxFile bounds a descriptor file, in bytes; USB 2.0 lets a device have more,
// but none does.
const maxFile = 1 << 20

// ParseDescriptors reads descriptors from text. Each line is one of
//
//	device HEX            the device descriptor
//	config INDEX HEX      what GET_DESCRIPTOR gives for this index, from 0
//	string INDEX TEXT     a string, without the spaces around it
//	# comment
//
// There must be a device and at least one configuration; their indexes are
// without a gap.
func ParseDescriptors(text string) (*Descriptors, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("descriptors of %d bytes: %w", len(text), usb.ErrInvalid)
	}
	p := fileParser{d: Descriptors{Strings: map[uint8]string{}}, configs: map[uint8][]byte{}}
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if !p.device {
		return nil, errors.New("there is no device descriptor")
	}
	for i := range len(p.configs) {
		raw, ok := p.configs[uint8(i)]
		if !ok {
			return nil, fmt.Errorf("there is no configuration with index %d", i)
		}
		p.d.Configs = append(p.d.Configs, raw)
	}
	if len(p.d.Configs) == 0 {
		return nil, errors.New("there is no configuration")
	}
	return &p.d, nil
}

// fileParser holds what has been read.
type fileParser struct {
	d       Descriptors
	device  bool
	configs map[uint8][]byte
}

func (p *fileParser) line(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	word, rest := cut(line)
	if word == "device" {
		raw, err := parseHex(rest)
		if err != nil {
			return fmt.Errorf("device: %w", err)
		}
		p.device = true
		p.d.Device, err = usb.ParseDevice(raw)
		return err
	}
	if word != "config" && word != "string" {
		return fmt.Errorf("unknown word %q", word)
	}
	number, rest := cut(rest)
	index, err := strconv.ParseUint(number, 10, 8)
	if err != nil {
		return fmt.Errorf("%s: index %q is not a number from 0 to 255", word, number)
	}
	if word == "string" {
		p.d.Strings[uint8(index)] = strings.ToValidUTF8(rest, "\ufffd")
		return nil
	}
	raw, err := parseHex(rest)
	if err == nil {
		_, err = usb.ParseConfig(raw)
	}
	if err != nil {
		return fmt.Errorf("config %d: %w", index, err)
	}
	p.configs[uint8(index)] = raw
	return nil
}

// parseHex takes digits in groups of any size.
func parseHex(s string) ([]byte, error) {
	return hex.DecodeString(strings.Join(strings.Fields(s), ""))
}

// cut splits off the first word.
func cut(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}
