package jupyter

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/syntax"
)

// pythonType says which values a variable takes.
type pythonType struct {
	name    string       // bool, int, float, str, list, tuple, set, dict, None, union, literal or any
	of      []pythonType // the alternatives of a union, the types of elements
	sources []string     // the values of a literal
}

var pythonAny = pythonType{name: "any"}

// pythonDefaultType returns the type of a literal, or any for other expressions.
func pythonDefaultType(literal string) pythonType {
	switch {
	case literal == "True" || literal == "False":
		return pythonType{name: "bool"}
	case strings.HasPrefix(literal, `"`) || strings.HasPrefix(literal, "'"):
		return pythonType{name: "str"}
	case between(literal, "[", "]"):
		return pythonType{name: "list"}
	case between(literal, "{", "}"):
		if value, err := argument(literal).literal(); err == nil {
			if l, ok := value.data.(list); ok { // A set.
				return pythonType{name: l.kind}
			}
		}
		return pythonType{name: "dict"}
	case literal == "()", between(literal, "(", ")") && strings.Contains(literal, ","):
		return pythonType{name: "tuple"}
	case pythonInt(literal) != "":
		return pythonType{name: "int"}
	case pythonFloat(literal) != "":
		return pythonType{name: "float"}
	}
	return pythonAny
}

func between(text, first, last string) bool {
	return strings.HasPrefix(text, first) && strings.HasSuffix(text, last)
}

// pythonAnnotation reads a type annotation. Types that it does not know are any. The annotations of interest, such as
// Optional[int] and list[str] | None, are expressions of Starlark too.
func pythonAnnotation(annotation string) pythonType {
	annotation = strings.NewReplacer(", ...", "", ",...", "").Replace(annotation)
	expression, err := (&syntax.FileOptions{}).ParseExpr("", annotation, 0)
	if err != nil {
		return pythonAny
	}
	return pythonExpressionType(expression)
}

func pythonExpressionType(expression syntax.Expr) pythonType {
	switch e := expression.(type) {
	case *syntax.Ident:
		return pythonNamedType(e.Name, nil)
	case *syntax.DotExpr: // typing.Optional
		return pythonNamedType(e.Name.Name, nil)
	case *syntax.Literal: // "int", of a class that is declared later.
		if text, ok := e.Value.(string); ok {
			return pythonAnnotation(text)
		}
	case *syntax.BinaryExpr:
		if e.Op == syntax.PIPE {
			return pythonUnion(pythonExpressionType(e.X), pythonExpressionType(e.Y))
		}
	case *syntax.IndexExpr:
		indices := []syntax.Expr{e.Y}
		if tuple, ok := e.Y.(*syntax.TupleExpr); ok {
			indices = tuple.List
		}
		return pythonGeneric(e.X, indices)
	}
	return pythonAny
}

func pythonGeneric(name syntax.Expr, indices []syntax.Expr) pythonType {
	if pythonExpressionType(name).name == "literal" {
		return pythonLiterals(indices)
	}
	var of []pythonType
	for _, index := range indices {
		of = append(of, pythonExpressionType(index))
	}
	switch e := name.(type) {
	case *syntax.Ident:
		return pythonNamedType(e.Name, of)
	case *syntax.DotExpr:
		return pythonNamedType(e.Name.Name, of)
	}
	return pythonAny
}

// pythonLiterals returns the type of Literal["a", 1], which takes these values only.
func pythonLiterals(values []syntax.Expr) pythonType {
	t := pythonType{name: "literal"}
	for _, expression := range values {
		value, err := starlarkValue(expression)
		if err != nil {
			return pythonAny
		}
		t.sources = append(t.sources, pythonAny.source(value))
	}
	return t
}

func pythonNamedType(name string, of []pythonType) pythonType {
	switch strings.ToLower(name) {
	case "bool", "int", "float", "str", "list", "tuple", "set", "dict":
		return pythonType{name: strings.ToLower(name), of: of}
	case "sequence", "iterable":
		return pythonType{name: "list", of: of}
	case "mapping":
		return pythonType{name: "dict", of: of}
	case "none":
		return pythonType{name: "None"}
	case "literal": // Of no values, until its index is read.
		return pythonType{name: "literal"}
	case "optional", "union":
		return pythonUnion(of...)
	case "annotated", "final":
		if len(of) > 0 {
			return of[0]
		}
	}
	return pythonAny
}

// pythonUnion tries text last, because everything is text.
func pythonUnion(of ...pythonType) pythonType {
	of = slices.Clone(of)
	slices.SortStableFunc(of, func(a, b pythonType) int {
		last := func(t pythonType) int { return slices.Index([]string{"any", "str"}, t.name) }
		return last(a) - last(b)
	})
	return pythonType{name: "union", of: of}
}

// top returns the source of a parameter's value, or "" if it does not fit. A default, unlike an annotation, does not
// insist: it only says what an argument means, and 0.5 may replace 1.
func (t pythonType) top(value Value, insists bool) (string, error) {
	data, isArgument := value.data.(argument)
	if !insists && !isArgument {
		t = pythonAny
	}
	if !insists && t.name == "int" {
		t = pythonUnion(t, pythonType{name: "float"})
	}
	source := t.source(value)
	if source == "" && isArgument && (data.isLiteral() || t.isCollection()) {
		if _, err := data.literal(); err != nil {
			return "", err
		}
	}
	return source, nil
}

func (t pythonType) isCollection() bool {
	return slices.Contains([]string{"list", "tuple", "set", "dict"}, t.name)
}

// source returns a value as Python source, or "" if the type does not take it. None always fits: annotations seldom
// mention it.
func (t pythonType) source(value Value) string {
	if t.name == "union" {
		for _, alternative := range t.of {
			if source := alternative.source(value); source != "" {
				return source
			}
		}
		return ""
	}
	takes := func(names ...string) bool { return t.name == "any" || slices.Contains(names, t.name) }
	switch data := value.data.(type) {
	case nil:
		return "None"
	case bool:
		if takes("bool") {
			return pythonBool(strconv.FormatBool(data))
		}
	case string:
		if source := pythonText(data); takes("str") || slices.Contains(t.sources, source) {
			return source
		}
	case argument:
		return t.read(data)
	case list:
		if t.name == "any" {
			t.name = data.kind
		}
		if slices.Contains([]string{"list", "tuple", "set"}, t.name) {
			return t.list(data.elements)
		}
	case mapping:
		if takes("dict") {
			return t.dictionary(data)
		}
	}
	return ""
}

// read returns an argument as Python source.
func (t pythonType) read(a argument) string {
	text := string(a)
	if text == "None" {
		return text
	}
	switch t.name {
	case "literal":
		for _, source := range []string{pythonText(text), a.guess()} {
			if slices.Contains(t.sources, source) {
				return source
			}
		}
	case "bool":
		return pythonBool(text)
	case "int":
		return pythonWhole(text)
	case "float":
		return pythonFloat(text)
	case "str":
		return pythonText(text)
	case "list", "tuple", "set", "dict":
		if value, err := a.literal(); err == nil && value.isCollection() {
			return t.source(value)
		}
	case "any":
		return a.guess()
	}
	return ""
}

func (v Value) isCollection() bool {
	switch v.data.(type) {
	case list, mapping:
		return true
	}
	return false
}

// guess returns an argument of unknown type as Python source. Like papermill, it takes numbers for numbers; it also
// knows true and false, hexadecimal numbers, lists and dictionaries.
func (a argument) guess() string {
	text := string(a)
	for _, guess := range []func(string) string{pythonInt, pythonFloat, pythonBool} {
		if source := guess(text); source != "" {
			return source
		}
	}
	if a.isLiteral() {
		value, err := a.literal()
		if err != nil {
			return ""
		}
		return pythonAny.source(value)
	}
	return pythonText(text)
}

// plain returns what Python guesses the argument to be, for JSON.
func (a argument) plain() any {
	text := string(a)
	number := cmp.Or(pythonInt(text), pythonFloat(text))
	switch {
	case text == "None":
		return nil
	case pythonBool(text) != "":
		return strings.EqualFold(text, "true")
	case a.isLiteral():
		if value, err := a.literal(); err == nil {
			return value.plain()
		}
	case json.Valid([]byte(number)):
		return json.Number(number)
	}
	return text
}

func (t pythonType) list(elements []Value) string {
	sources := make([]string, len(elements))
	for i, e := range elements {
		if sources[i] = t.element(i, len(elements)).source(e); sources[i] == "" {
			return ""
		}
	}
	inner := strings.Join(sources, ", ")
	switch {
	case t.name == "tuple" && len(sources) == 1:
		return "(" + inner + ",)"
	case t.name == "tuple":
		return "(" + inner + ")"
	case t.name == "set" && len(sources) == 0:
		return "set()"
	case t.name == "set":
		return "{" + inner + "}"
	}
	return "[" + inner + "]"
}

// element returns the type of the element with index i of n.
func (t pythonType) element(i, n int) pythonType {
	switch {
	case t.name == "tuple" && len(t.of) == n:
		return t.of[i]
	case len(t.of) == 1:
		return t.of[0]
	}
	return pythonAny
}

func (t pythonType) dictionary(object mapping) string {
	key, value := pythonAny, pythonAny
	if len(t.of) == 2 {
		key, value = t.of[0], t.of[1]
	}
	sources := make([]string, len(object))
	for i, e := range object {
		k, v := key.source(e.key), value.source(e.value)
		if k == "" || v == "" {
			return ""
		}
		sources[i] = k + ": " + v
	}
	return "{" + strings.Join(sources, ", ") + "}"
}

// pythonText returns text as Python source. Go's and Python's escapes are the same in this form.
func pythonText(text string) string { return strconv.QuoteToASCII(text) }

func pythonBool(text string) string {
	switch strings.ToLower(text) {
	case "true":
		return "True"
	case "false":
		return "False"
	}
	return ""
}

// The numbers of Python's int() and float(), and its literals of other bases.
var (
	pythonDecimal = regexp.MustCompile(`^[+-]?\d+(_\d+)*$`)
	pythonBased   = regexp.MustCompile(`(?i)^[+-]?0[xob][0-9a-f]+(_[0-9a-f]+)*$`)
	pythonReal    = regexp.MustCompile(
		`(?i)^[+-]?((\d+(_\d+)*)?\.\d+(_\d+)*|\d+(_\d+)*\.?)(e[+-]?\d+(_\d+)*)?$|^[+-]?(inf|infinity|nan)$`)
)

// pythonInt returns a whole number of any size as Python source, or "".
func pythonInt(text string) string {
	base := 0
	switch {
	case pythonDecimal.MatchString(text):
		base = 10 // 007 is no octal number.
	case !pythonBased.MatchString(text):
		return ""
	}
	n, ok := new(big.Int).SetString(strings.ReplaceAll(text, "_", ""), base)
	if !ok {
		return ""
	}
	return n.String()
}

// pythonWhole is pythonInt that also takes whole numbers such as 1e3.
func pythonWhole(text string) string {
	if source := pythonInt(text); source != "" {
		return source
	}
	f, ok := parsePythonFloat(text)
	if !ok || f != math.Trunc(f) || math.IsInf(f, 0) {
		return ""
	}
	n, _ := big.NewFloat(f).Int(nil)
	return n.String()
}

// pythonFloat returns a floating-point number as Python source, or "".
func pythonFloat(text string) string {
	f, ok := parsePythonFloat(text)
	switch {
	case !ok:
		return ""
	case math.IsNaN(f):
		return `float("nan")`
	case math.IsInf(f, 1):
		return `float("inf")`
	case math.IsInf(f, -1):
		return `float("-inf")`
	}
	return floatLiteral(f)
}

func parsePythonFloat(text string) (float64, bool) {
	if !pythonReal.MatchString(text) {
		return 0, false
	}
	// The error can only be that the number is too large: that is infinite, as in Python.
	f, _ := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	return f, true
}

// floatLiteral returns a floating-point literal of Go and Python, even for a whole number.
func floatLiteral(f float64) string {
	literal := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(literal, ".e") {
		literal += ".0"
	}
	return literal
}
