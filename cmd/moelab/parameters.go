package main

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/jupyter"
	"github.com/spf13/pflag"
)

// parameterFlags are the flags that set a notebook's parameters.
type parameterFlags struct {
	encoded, files, yaml, values, texts []string
	strict, injectPaths                 bool
}

func (p *parameterFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&p.values, "parameters", "p", nil,
		"give a parameter of the notebook a value, as name=value or as two words; may be given several times")
	flags.StringArrayVarP(&p.texts, "parameters-raw", "r", nil, "like -p, but the value is text, whatever it looks like")
	flags.StringArrayVarP(&p.files, "parameters-file", "f", nil, "YAML or JSON file of parameters")
	flags.StringArrayVarP(&p.yaml, "parameters-yaml", "y", nil, "YAML or JSON text of parameters")
	flags.StringArrayVarP(&p.encoded, "parameters-base64", "b", nil, "the same in base64, for scripts that cannot quote")
	flags.BoolVar(&p.injectPaths, "inject-paths", false,
		"also set PAPERMILL_INPUT_PATH and PAPERMILL_OUTPUT_PATH, which the notebook need not have")
	flags.BoolVar(&p.strict, "strict", false, "refuse parameters that the notebook does not have, instead of warning")
	flags.SetNormalizeFunc(parameterNames)
}

// parameterNames also knows the flags by papermill's names, such as --parameters_raw, and by older ones.
func parameterNames(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	name = strings.ReplaceAll(name, "_", "-")
	switch name {
	case "parameter":
		name = "parameters"
	case "execution-timeout":
		name = "timeout"
	}
	return pflag.NormalizedName(name)
}

// pairs joins parameters of moelab run that are two words, as papermill has them: "-p steps 200" becomes
// "-p steps=200". The first argument is the command's name.
func pairs(args []string) []string {
	if len(args) == 0 || args[0] != "run" {
		return args
	}
	var joined []string
	for i := 0; i < len(args); i++ {
		word := args[i]
		if word == "--" {
			return append(joined, args[i:]...)
		}
		joined = append(joined, word)
		if takesParameter(word) && i+2 < len(args) && isName.MatchString(args[i+1]) && !strings.HasPrefix(args[i+2], "--") {
			joined = append(joined, args[i+1]+"="+args[i+2])
			i += 2
		}
	}
	return joined
}

func takesParameter(word string) bool {
	if long, ok := strings.CutPrefix(word, "--"); ok {
		word = string(parameterNames(nil, long))
	}
	return slices.Contains([]string{"-p", "-r", "parameters", "parameters-raw"}, word)
}

var (
	isName = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)
	// A doubled brace, or something in braces: a name, perhaps with a format of Python for numbers.
	inBraces = regexp.MustCompile(`\{\{|\}\}|\{[^{}]*\}|[{}]`)
	isFormat = regexp.MustCompile(`^([\pL_][\pL\pN_]*)(?::(0?[0-9]{0,2}(?:\.[0-9]{1,2})?)([dfeg]))?$`)
)

// fill replaces each {name} in a path by the value of the parameter. As in Python, {name:03d} and {name:.2f} format a
// number, and a doubled brace is a brace.
func fill(path string, values map[string]jupyter.Value) (filled string, err error) {
	filled = inBraces.ReplaceAllStringFunc(path, func(braced string) string {
		if braced == "{{" || braced == "}}" {
			return braced[:1]
		}
		parts := isFormat.FindStringSubmatch(strings.TrimSuffix(strings.TrimPrefix(braced, "{"), "}"))
		if len(braced) == 1 || parts == nil {
			err = usage("-o is %q: %s is no parameter; {name}, {name:03d} and {name:.2f} are", path, braced)
			return braced
		}
		value, ok := values[parts[1]]
		if !ok {
			err = usage("-o is %q, but no value is given for %s: add -p %s=VALUE", path, braced, parts[1])
			return braced
		}
		text := value.String()
		if parts[3] == "" {
			return text
		}
		number, parseErr := any(nil), error(nil)
		if parts[3] == "d" {
			number, parseErr = strconv.ParseInt(text, 10, 64)
		} else {
			number, parseErr = strconv.ParseFloat(text, 64)
		}
		if parseErr != nil {
			err = usage("-o is %q, and %s is %q: it is no number of this kind", path, parts[1], text)
		}
		if parts[3] == "g" && !strings.Contains(parts[2], ".") {
			parts[2] += ".6" // Python's default.
		}
		return fmt.Sprintf("%"+parts[2]+parts[3], number)
	})
	return filled, err
}

// read returns the parameters. -r overrides -p, which overrides -y, which overrides -f, which overrides -b.
func (p *parameterFlags) read() (map[string]jupyter.Value, error) {
	all := map[string]jupyter.Value{}
	add := func(from string, values map[string]jupyter.Value, err error) error {
		if err != nil {
			return usage("%s: %w", from, err)
		}
		maps.Copy(all, values)
		return nil
	}
	for _, text := range p.encoded {
		source, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, usage("-b: it is not base64: %w", err)
		}
		values, err := jupyter.ParseValues(source)
		if err := add("-b", values, err); err != nil {
			return nil, err
		}
	}
	for _, path := range p.files {
		source, err := regularfile.Read(path, regularfile.Note)
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

// set sets the parameters of a notebook that comes from a path and goes to another.
func (p *parameterFlags) set(
	nb *jupyter.Notebook, values map[string]jupyter.Value, in, out string, warn func(error),
) error {
	unknown := nb.CheckNames(values)
	if p.strict && unknown != nil {
		return unknown
	}
	if p.injectPaths {
		paths := map[string]jupyter.Value{
			"PAPERMILL_INPUT_PATH": jupyter.Text(in), "PAPERMILL_OUTPUT_PATH": jupyter.Text(out),
		}
		maps.Copy(paths, values)
		values = paths
	}
	if err := nb.SetParameters(values); err != nil {
		return err
	}
	if unknown != nil {
		warn(fmt.Errorf("%s: %w; set all the same", in, unknown))
	}
	return nil
}
