package main

import (
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/moelab/moelab/jupyter"
	"github.com/spf13/pflag"
)

// parameterFlags are the flags that set a notebook's parameters.
type parameterFlags struct {
	files, yaml, values, texts []string
	strict                     bool
}

func (p *parameterFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&p.values, "parameters", "p", nil,
		"give a parameter of the notebook a value, as name=value; may be given several times")
	flags.StringArrayVarP(&p.texts, "parameters-raw", "r", nil, "like -p, but the value is text, whatever it looks like")
	flags.StringArrayVarP(&p.files, "parameters-file", "f", nil, "YAML or JSON file of parameters")
	flags.StringArrayVarP(&p.yaml, "parameters-yaml", "y", nil, "YAML or JSON text of parameters")
	flags.BoolVar(&p.strict, "strict", false, "refuse parameters that the notebook does not have, instead of warning")
	flags.SetNormalizeFunc(parameterNames)
}

// parameterNames also knows the flags by papermill's names, such as --parameters_raw, and by older ones.
func parameterNames(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if name == "parameter" {
		name = "parameters"
	}
	return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
}

// read returns the parameters. -r overrides -p, which overrides -y, which overrides -f.
func (p *parameterFlags) read() (map[string]jupyter.Value, error) {
	all := map[string]jupyter.Value{}
	add := func(from string, values map[string]jupyter.Value, err error) error {
		if err != nil {
			return usage("%s: %w", from, err)
		}
		maps.Copy(all, values)
		return nil
	}
	for _, path := range p.files {
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("-f: %w", err)
		}
		values, err := jupyter.ParseValues(source)
		if err := add("-f "+path, values, err); err != nil {
			return nil, err
		}
	}
	for _, text := range p.yaml {
		values, err := jupyter.ParseValues([]byte(text))
		if err := add("-y", values, err); err != nil {
			return nil, err
		}
	}
	values, err := jupyter.ParseArguments(p.values, jupyter.Argument)
	if err := add("-p", values, err); err != nil {
		return nil, err
	}
	values, err = jupyter.ParseArguments(p.texts, jupyter.Text)
	return all, add("-r", values, err)
}

// set sets the parameters of a notebook.
func (p *parameterFlags) set(nb *jupyter.Notebook, warn func(error)) error {
	values, err := p.read()
	if err != nil {
		return err
	}
	unknown := nb.CheckNames(values)
	if p.strict && unknown != nil {
		return unknown
	}
	if err := nb.SetParameters(values); err != nil {
		return err
	}
	if unknown != nil {
		warn(unknown)
	}
	return nil
}
