package main

import (
	"os"
	"path/filepath"

	"io-pkt/internal/boot"
	"io-pkt/internal/buildfile"
)

// load reads the buildfile, and the scripts that it has in other files.
func load(o options) (*buildfile.File, []buildfile.Command, error) {
	text, err := os.ReadFile(o.file)
	if err != nil {
		return nil, nil, err
	}
	f, err := buildfile.Parse(o.file, string(text))
	if err != nil {
		return nil, nil, err
	}
	program, err := f.Program(buildfile.Source{Lookup: os.LookupEnv, Read: func(name string) (string, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(o.file), name)
		}
		text, err := os.ReadFile(name)
		return string(text), err
	}})
	return f, program, err
}

func loadStubs(o options) (boot.Stubs, error) {
	if o.stubs == "" {
		return nil, nil
	}
	text, err := os.ReadFile(o.stubs)
	if err != nil {
		return nil, err
	}
	return boot.ParseStubs(o.stubs, string(text))
}
