package jupyter

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/syntax"
)

// list is a list, a tuple or a set, which differ in Python only.
type list struct {
	kind     string // "list", "tuple" or "set"
	elements []Value
}

// errBytes is the error of a value that no notebook's parameter can take from outside.
var errBytes = errors.New("bytes are not supported")

// literal reads an argument that is a list, a tuple, a set or a dictionary: in Python, in JSON or in YAML, whose text
// needs no quotes.
func (a argument) literal() (Value, error) {
	text := strings.TrimSpace(string(a))
	value, err := pythonLiteral(text)
	if err != nil && !errors.Is(err, errBytes) {
		d := &yamlDecoder{left: maxNodes, isArgument: true}
		value, err = d.read([]byte(text))
	}
	if err != nil {
		return Value{}, fmt.Errorf("%q cannot be read as a list or a dictionary: %w", string(a), err)
	}
	return value, nil
}

// pythonLiteral reads a literal of Python that is one of Starlark too: all but sets and complex numbers. Names, such as
// True and hinge, stand for themselves.
func pythonLiteral(text string) (Value, error) {
	if strings.Count(text, "[")+strings.Count(text, "{")+strings.Count(text, "(") > maxNodes {
		return Value{}, fmt.Errorf("it has more than %d brackets", maxNodes)
	}
	expression, err := (&syntax.FileOptions{}).ParseExpr("", text, 0)
	if err != nil {
		return Value{}, err
	}
	return starlarkValue(expression)
}

func starlarkValue(expression syntax.Expr) (Value, error) {
	switch e := expression.(type) {
	case *syntax.ParenExpr:
		return starlarkValue(e.X)
	case *syntax.Ident: // As in YAML and JSON.
		return (&yamlDecoder{left: maxNodes}).read([]byte(e.Name))
	case *syntax.Literal:
		switch e.Token {
		case syntax.STRING:
			return Text(e.Value.(string)), nil
		case syntax.BYTES:
			return Value{}, errBytes
		}
		return Argument(e.Raw), nil
	case *syntax.UnaryExpr:
		if number, ok := e.X.(*syntax.Literal); ok && e.Op != syntax.NOT && number.Token != syntax.STRING {
			return Argument(e.Op.String() + number.Raw), nil
		}
	case *syntax.ListExpr:
		return starlarkList("list", e.List)
	case *syntax.TupleExpr:
		return starlarkList("tuple", e.List)
	case *syntax.DictExpr:
		return starlarkDictionary(e)
	}
	return Value{}, errors.New("it is not a literal")
}

func starlarkList(kind string, elements []syntax.Expr) (Value, error) {
	l := list{kind, make([]Value, len(elements))}
	for i, element := range elements {
		var err error
		if l.elements[i], err = starlarkValue(element); err != nil {
			return Value{}, err
		}
	}
	return Value{l}, nil
}

func starlarkDictionary(dictionary *syntax.DictExpr) (Value, error) {
	var object mapping
	for _, element := range dictionary.List {
		pair := element.(*syntax.DictEntry)
		key, keyErr := starlarkValue(pair.Key)
		value, err := starlarkValue(pair.Value)
		if err = errors.Join(keyErr, err); err != nil {
			return Value{}, err
		}
		object = append(object, entry{key, value})
	}
	_, err := object.names()
	return Value{object}, err
}
