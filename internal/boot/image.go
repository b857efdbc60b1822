package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"io-pkt/internal/buildfile"
)

// An ImageFile is a file that is written in the buildfile itself, and that the
// start-up script, or another such file, speaks of.
type ImageFile struct {
	Path string // on the target
	Text string
	Mode fs.FileMode
}

// ImageFiles gives those that the program needs.
func ImageFiles(f *buildfile.File, program []buildfile.Command, lookup func(string) (string, bool)) []ImageFile {
	var all []ImageFile
	var standing perms
	for _, e := range f.Entries {
		p := standing.with(e.Attributes, lookup)
		switch {
		case len(e.Target)+len(e.Host) == 0:
			standing = p
		case e.Inline && e.Script == nil:
			all = append(all, imageFile(e, p, lookup))
		}
	}
	var needed []ImageFile
	var texts []string // not yet looked through
	for _, c := range program {
		texts = append(texts, strings.Join(c.Args, " "))
		for _, s := range c.Set {
			texts = append(texts, s.Value)
		}
	}
	for len(texts) > 0 {
		words := strings.FieldsFunc(texts[0], func(r rune) bool { return !strings.ContainsRune("._-/+", r) && !alphanumeric(r) })
		texts = texts[1:]
		all = slices.DeleteFunc(all, func(i ImageFile) bool {
			if !slices.ContainsFunc(words, func(w string) bool { return path.Base(w) == path.Base(i.Path) }) {
				return false
			}
			needed = append(needed, i)
			texts = append(texts, i.Text)
			return true
		})
	}
	return needed
}

func alphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// perms are what attributes say of a file's mode, if they do.
type perms struct {
	mode fs.FileMode
	said bool
}

// with gives what holds when these attributes follow.
func (p perms) with(list []buildfile.Attribute, lookup func(string) (string, bool)) perms {
	for _, a := range list {
		if a.Name != "perms" || a.Once && p.said {
			continue
		}
		value := a.Value.Expand(lookup)
		if mode, err := strconv.ParseUint(value, 8, 12); err == nil {
			p = perms{fs.FileMode(mode) & fs.ModePerm, true}
		} else if value == "*" { // as if nothing were given
			p = perms{}
		}
	}
	return p
}

// imageFile tells from an entry where its file is, and whether it is a program. A
// name without a slash in front is below /proc/boot.
func imageFile(e buildfile.Entry, p perms, lookup func(string) (string, bool)) ImageFile {
	i := ImageFile{Path: e.Target.Expand(lookup), Text: e.Text, Mode: 0o755}
	if !path.IsAbs(i.Path) {
		i.Path = "/proc/boot/" + i.Path
	}
	i.Path = path.Clean(i.Path)
	if p.said {
		i.Mode = p.mode
	}
	return i
}

// WriteImage puts files below ROOT; nothing there leads it elsewhere.
func WriteImage(root string, files []ImageFile) error {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer dir.Close()
	for _, f := range files {
		name := strings.TrimPrefix(f.Path, "/")
		if err := dir.MkdirAll(path.Dir(name), 0o755); err != nil {
			return fmt.Errorf("directory for %s: %w", f.Path, err)
		}
		if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := dir.WriteFile(name, []byte(onTarget(interpreter(f.Text))), f.Mode); err != nil {
			return err
		}
	}
	return nil
}

// interpreter lets sh run what is written for QNX's shells, wherever these are.
func interpreter(text string) string {
	line, rest, _ := strings.Cut(text, "\n")
	command, ok := strings.CutPrefix(line, "#!")
	words := strings.Fields(command)
	if !ok || len(words) == 0 || !slices.Contains(append(shells, "sh"), path.Base(words[0])) {
		return text
	}
	words[0] = "/bin/sh"
	return "#!" + strings.Join(words, " ") + "\n" + rest
}
