package jupyter

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// dialect is how a language writes values. The parameters of its notebooks are set without a look at their types.
type dialect struct {
	null, yes, no string
	infinity, nan string // "" if the language has none.
	text          func(text string) string
	// list and dictionary are nil if the language has none that a variable could hold.
	list       func(elements []string) string
	dictionary func(keys, values []string) string
}

// dialects are those of the languages beside Go and Python that papermill sets parameters in, by the kernel's name of
// the language. Comments and assignments are the same in all: # Parameters, name=value.
var dialects = map[string]dialect{
	"bash": {null: "''", yes: "true", no: "false", text: shellescape.Quote},
	"r": {
		null: "NULL", yes: "TRUE", no: "FALSE", infinity: "Inf", nan: "NaN", text: pythonText,
		list: func(elements []string) string { return "list(" + strings.Join(elements, ", ") + ")" },
		dictionary: func(keys, values []string) string {
			return "list(" + strings.Join(pairsOf(keys, " = ", values), ", ") + ")"
		},
	},
	"julia": {
		null: "nothing", yes: "true", no: "false", infinity: "Inf", nan: "NaN",
		text: func(text string) string { return strings.ReplaceAll(pythonText(text), "$", `\$`) },
		list: func(elements []string) string { return "[" + strings.Join(elements, ", ") + "]" },
		dictionary: func(keys, values []string) string {
			return "Dict(" + strings.Join(pairsOf(keys, " => ", values), ", ") + ")"
		},
	},
}

// dialect returns that of the notebook's language. ok is false for Go, Python, and languages that are not known.
func (nb *Notebook) dialect() (d dialect, ok bool) {
	d, ok = dialects[strings.ToLower(nb.kernelLanguage())]
	return d, ok
}

func pairsOf(keys []string, between string, values []string) (pairs []string) {
	for i, key := range keys {
		pairs = append(pairs, key+between+values[i])
	}
	return pairs
}

// assign returns the assignment of a parameter.
func (d dialect) assign(name string, value Value) (string, error) {
	if !isPythonName(name) {
		return "", fmt.Errorf("%q cannot be the name of a variable", name)
	}
	source, err := d.source(value)
	return name + "=" + source, err
}

func (d dialect) source(value Value) (string, error) {
	switch data := value.data.(type) {
	case nil:
		return d.null, nil
	case bool:
		return map[bool]string{true: d.yes, false: d.no}[data], nil
	case string:
		return d.text(data), nil
	case argument:
		return d.guess(data)
	case list:
		if d.list == nil {
			return "", errors.New("the language has no lists")
		}
		elements, err := d.sources(data.elements)
		return d.list(elements), err
	case mapping:
		if d.dictionary == nil {
			return "", errors.New("the language has no dictionaries")
		}
		var keys, values []Value
		for _, e := range data {
			keys, values = append(keys, Text(e.name())), append(values, e.value)
		}
		keySources, keyErr := d.sources(keys)
		valueSources, err := d.sources(values)
		return d.dictionary(keySources, valueSources), errors.Join(keyErr, err)
	}
	return "", errors.New("the language cannot hold it")
}

func (d dialect) sources(values []Value) (sources []string, err error) {
	for _, value := range values {
		source, err := d.source(value)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

// guess returns an argument of unknown type, as Python would take it.
func (d dialect) guess(a argument) (string, error) {
	text := string(a)
	switch source := cmp.Or(pythonInt(text), pythonFloat(text), pythonBool(text)); {
	case text == "None":
		return d.null, nil
	case source == "True":
		return d.yes, nil
	case source == "False":
		return d.no, nil
	case source == `float("nan")` && d.nan != "":
		return d.nan, nil
	case strings.Contains(source, "inf") && d.infinity != "":
		return map[bool]string{true: "-"}[strings.Contains(source, "-")] + d.infinity, nil
	case source != "" && !strings.Contains(source, "float("):
		return source, nil
	case a.isLiteral() && d.list != nil:
		value, err := a.literal()
		if err != nil {
			return "", err
		}
		return d.source(value)
	}
	return d.text(text), nil
}
