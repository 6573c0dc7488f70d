package jupyter

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Value is a value for a parameter of a notebook. The zero value is None, null or nil.
type Value struct {
	data any // nil, bool, string, argument, list or mapping
}

// argument is text whose meaning depends on the parameter: 3 is a number or a text.
type argument string

// mapping is a dictionary in the order of its source.
type mapping []entry

type entry struct{ key, value Value }

// name is the key as JSON has it.
func (e entry) name() string { return fmt.Sprint(e.key.plain()) }

// names are those of all keys. The error says which is there twice.
func (m mapping) names() (names map[string]bool, err error) {
	names = make(map[string]bool, len(m))
	for _, e := range m {
		if names[e.name()] {
			return nil, fmt.Errorf("the key %s is there twice", e.name())
		}
		names[e.name()] = true
	}
	return names, nil
}

// Argument is a value as it stands in a command line: 200, 1e-4, true, None, 90s, [1, 2], {a: 1}, or text without
// quotes. The type of the parameter decides what it means.
func Argument(text string) Value { return Value{argument(text)} }

// Text is a value that is text, whatever it looks like.
func Text(text string) Value { return Value{text} }

// ParseArguments reads values of the form name=value. The last one of a name counts. An error wraps ErrParameter.
func ParseArguments(assignments []string, value func(text string) Value) (map[string]Value, error) {
	values := map[string]Value{}
	for _, assignment := range assignments {
		name, text, ok := strings.Cut(assignment, "=")
		if !ok {
			return nil, fmt.Errorf("%w: %q is not of the form name=value", ErrParameter, assignment)
		}
		values[name] = value(text)
	}
	return values, nil
}

// ParseValues reads values from a YAML or JSON object of names and values. Plain scalars are like arguments, quoted
// ones are text. As in papermill, yes, no, on and off are booleans. An error wraps ErrParameter.
func ParseValues(source []byte) (map[string]Value, error) {
	values := map[string]Value{}
	if len(strings.TrimSpace(string(source))) == 0 {
		return values, nil
	}
	value, err := (&yamlDecoder{left: maxNodes}).read(source)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParameter, err)
	}
	object, ok := value.data.(mapping)
	if !ok && value.data != nil {
		return nil, fmt.Errorf("%w: it is not an object of names and values, as in {steps: 200}", ErrParameter)
	}
	for _, e := range object {
		switch name := e.key.data.(type) {
		case string:
			values[name] = e.value
		case argument:
			values[string(name)] = e.value
		default:
			return nil, fmt.Errorf("%w: the name %v is not text", ErrParameter, e.key.plain())
		}
	}
	return values, nil
}

// maxNodes is the largest number of values in one source. Aliases of YAML can stand for more than a memory holds.
const maxNodes = 100_000

// yamlDecoder reads YAML. left is the number of values that it may still have.
type yamlDecoder struct {
	left int
	// isArgument is true if the source is a word of a command line, which may mean Python: {1, 2} is a set there.
	isArgument bool
}

// read reads one document. Its errors are of one line.
func (d *yamlDecoder) read(source []byte) (Value, error) {
	var document yaml.Node
	if err := yaml.Load(source, &document); err != nil {
		return Value{}, fmt.Errorf("it is not YAML: %s", strings.Join(strings.Fields(err.Error()), " "))
	}
	return d.value(&document)
}

func (d *yamlDecoder) value(node *yaml.Node) (Value, error) {
	if d.left--; d.left < 0 {
		return Value{}, fmt.Errorf("it has more than %d values", maxNodes)
	}
	switch node.Kind {
	case yaml.DocumentNode:
		return d.value(node.Content[0])
	case yaml.AliasNode:
		return d.value(node.Alias)
	case yaml.SequenceNode:
		return d.list("list", node.Content)
	case yaml.MappingNode:
		if d.isArgument && isSet(node) {
			keys := make([]*yaml.Node, len(node.Content)/2)
			for i := range keys {
				keys[i] = node.Content[2*i]
			}
			return d.list("set", keys)
		}
		return d.mapping(node)
	default:
		if d.isArgument && node.Style == 0 && strings.ContainsAny(node.Value, "()") {
			return Value{}, fmt.Errorf("%s is no literal of Python: put text in quotes", node.Value)
		}
		return scalar(node)
	}
}

func (d *yamlDecoder) list(kind string, nodes []*yaml.Node) (Value, error) {
	l := list{kind, make([]Value, len(nodes))}
	for i, node := range nodes {
		var err error
		if l.elements[i], err = d.value(node); err != nil {
			return Value{}, err
		}
	}
	return Value{l}, nil
}

// isSet reports whether a dictionary has only keys, as in {1, 2}.
func isSet(node *yaml.Node) bool {
	for i := 1; i < len(node.Content); i += 2 {
		if value := node.Content[i]; value.Value != "" || value.ShortTag() != "!!null" {
			return false
		}
	}
	return len(node.Content) > 0
}

func (d *yamlDecoder) mapping(node *yaml.Node) (Value, error) {
	var object, merged mapping
	for i := 0; i+1 < len(node.Content); i += 2 {
		value, err := d.value(node.Content[i+1])
		if err != nil {
			return Value{}, err
		}
		if node.Content[i].ShortTag() == "!!merge" {
			more, err := mergeable(value)
			if err != nil {
				return Value{}, err
			}
			merged = append(merged, more...)
			continue
		}
		key, err := d.value(node.Content[i])
		if err != nil {
			return Value{}, err
		}
		object = append(object, entry{key, value})
	}
	seen, err := object.names()
	if err != nil {
		return Value{}, err
	}
	for _, e := range merged { // A key's own value counts, wherever it stands; of those merged the first.
		if !seen[e.name()] {
			seen[e.name()] = true
			object = append(object, e)
		}
	}
	return Value{object}, nil
}

// mergeable returns what the value of a key << adds to a dictionary: that of one, or those of a list of them.
func mergeable(value Value) (mapping, error) {
	all := mapping{}
	merged, isList := value.data.(list)
	if !isList {
		merged.elements = []Value{value}
	}
	for _, v := range merged.elements {
		object, ok := v.data.(mapping)
		if !ok {
			return nil, errors.New("<< merges dictionaries, and this is none")
		}
		all = append(all, object...)
	}
	return all, nil
}

// Plain scalars of YAML with a meaning that [Argument] does not give them.
var (
	yamlYes      = regexp.MustCompile(`^(yes|Yes|YES|on|On|ON)$`)
	yamlNo       = regexp.MustCompile(`^(no|No|NO|off|Off|OFF)$`)
	yamlOctal    = regexp.MustCompile(`^[+-]?0[0-7_]*[1-7][0-7_]*$`)
	yamlInfinite = regexp.MustCompile(`^[+-]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$`)
)

func scalar(node *yaml.Node) (Value, error) {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	switch tag := node.ShortTag(); {
	case tag == "!!null":
		return Value{}, nil
	case node.Style&yaml.TaggedStyle != 0 && !slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool"}, tag):
		return Value{}, fmt.Errorf("the tag %s is not supported", node.Tag)
	case node.Style&yaml.TaggedStyle != 0 && tag == "!!str", node.Style&quoted != 0:
		return Text(node.Value), nil
	case yamlYes.MatchString(node.Value):
		return Value{true}, nil
	case yamlNo.MatchString(node.Value):
		return Value{false}, nil
	case yamlOctal.MatchString(node.Value):
		return Value{}, fmt.Errorf("%s is one number in YAML 1.1 and another in YAML 1.2: write it without the zero, or "+
			"in quotes", node.Value)
	case yamlInfinite.MatchString(node.Value):
		return Argument(strings.Replace(node.Value, ".", "", 1)), nil
	}
	return Argument(node.Value), nil
}

// isLiteral reports whether the argument looks like a list or a dictionary.
func (a argument) isLiteral() bool {
	text := strings.TrimSpace(string(a))
	return strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{")
}

// plain returns the value for JSON, as Python would guess it.
func (v Value) plain() any {
	switch data := v.data.(type) {
	case argument:
		return data.plain()
	case list:
		elements := make([]any, len(data.elements))
		for i, element := range data.elements {
			elements[i] = element.plain()
		}
		return elements
	case mapping:
		object := map[string]any{}
		for _, e := range data {
			object[e.name()] = e.value.plain()
		}
		return object
	default:
		return data
	}
}

// String returns the value for an error's text.
func (v Value) String() string {
	switch data := v.data.(type) {
	case nil:
		return "null"
	case list:
		elements := make([]string, len(data.elements))
		for i, element := range data.elements {
			elements[i] = element.String()
		}
		return "[" + strings.Join(elements, ", ") + "]"
	case mapping:
		elements := make([]string, len(data))
		for i, e := range data {
			elements[i] = e.key.String() + ": " + e.value.String()
		}
		return "{" + strings.Join(elements, ", ") + "}"
	default:
		return fmt.Sprint(data)
	}
}
