package jupyter

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
)

// pythonParameters lists the variables assigned in a Python cell. Their types are those of their annotations, else of
// the assigned values.
func pythonParameters(source string) ([]Parameter, error) {
	statements, err := pythonStatements(source)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the cell tagged %q: %w", ErrParameter, parametersTag, err)
	}
	var parameters []Parameter
	for _, s := range statements {
		p, ok := s.parameter()
		if !ok {
			continue
		}
		same := func(before Parameter) bool { return before.Name == p.Name } // Of two assignments the last one counts.
		if at := slices.IndexFunc(parameters, same); at >= 0 {
			parameters[at] = p
			continue
		}
		parameters = append(parameters, p)
	}
	return parameters, nil
}

// pythonUnknown returns the assignment of a parameter that no cell assigns.
func pythonUnknown(name string, value Value) (string, error) {
	if !isPythonName(name) {
		return "", fmt.Errorf("%q cannot be the name of a variable", name)
	}
	source, err := pythonAny.top(value, false)
	return name + " = " + source, err
}

// pythonStatement holds the tokens of a statement without its comment.
type pythonStatement struct {
	tokens  []chroma.Token
	comment string
}

// pythonStatements splits source into statements. Those that are indented belong to a statement above and are left out.
func pythonStatements(source string) ([]pythonStatement, error) {
	tokens, err := lexers.Get("python").Tokenise(nil, source)
	if err != nil {
		return nil, err
	}
	var statements []pythonStatement
	var s pythonStatement
	depth, lineStart, indented := 0, true, false
	end := func() {
		if !indented && len(s.tokens) > 0 {
			statements = append(statements, s)
		}
		s = pythonStatement{}
	}
	for t := range tokens.Stdlib() {
		switch {
		case t.Type.InCategory(chroma.Comment):
			if depth == 0 {
				s.comment = strings.TrimSpace(strings.TrimLeft(t.Value, "#"))
			}
			continue
		case t.Type == chroma.Punctuation:
			depth += strings.Count("([{", t.Value) - strings.Count(")]}", t.Value)
		}
		isSpace := t.Type.InCategory(chroma.Text)
		isLineEnd := isSpace && strings.Contains(t.Value, "\n")
		switch {
		case isSpace && strings.Contains(t.Value, "\\"): // The statement goes on in the next line.
		case depth == 0 && isLineEnd:
			end()
			indented = !strings.HasSuffix(t.Value, "\n")
			lineStart = true
			continue
		case depth == 0 && t.Value == ";":
			end()
		case lineStart && isSpace:
			indented = true
		default:
			s.tokens = append(s.tokens, t)
		}
		lineStart = false
	}
	end()
	return statements, nil
}

// parameter returns the parameter that the statement assigns, as in: name: int = 3.
func (s pythonStatement) parameter() (Parameter, bool) {
	text := func(tokens []chroma.Token) string {
		var b strings.Builder
		for _, t := range tokens {
			b.WriteString(t.Value)
		}
		return strings.TrimSpace(b.String())
	}
	isOperator := func(t chroma.Token) bool { return t.Type == chroma.Operator && t.Value == "=" }
	at := slices.IndexFunc(s.tokens, isOperator)
	if at < 0 {
		return Parameter{}, false
	}
	name, annotation, annotated := strings.Cut(text(s.tokens[:at]), ":")
	p := Parameter{Name: strings.TrimSpace(name), Default: text(s.tokens[at+1:]), Comment: s.comment}
	if !isPythonName(p.Name) || strings.HasPrefix(p.Default, "=") || chainedAssignment.MatchString(p.Default) {
		return Parameter{}, false
	}
	if hint, ok := strings.CutPrefix(p.Comment, "type:"); ok && !annotated { // As papermill reads it.
		hint, comment, _ := strings.Cut(hint, "#")
		if hint = strings.TrimSpace(hint); pythonAnnotation(hint).name != "any" { // Not "ignore".
			annotation, p.Comment, annotated = hint, strings.TrimSpace(comment), true
		}
	}
	t, insists := pythonDefaultType(p.Default), false
	p.Type = t.name
	if annotated {
		p.Type = strings.TrimSpace(annotation)
		t, insists = pythonAnnotation(p.Type), true
	}
	p.assign = func(value Value) (string, error) {
		source, err := t.top(value, insists)
		if err != nil {
			return "", err
		}
		if source == "" {
			return "", fmt.Errorf("the parameter is of type %s, and %q is not", p.Type, value)
		}
		return p.Name + " = " + source, nil
	}
	return p, true
}

// chainedAssignment matches the rest of: a = b = 3.
var chainedAssignment = regexp.MustCompile(`^[\pL_][\pL\pN_]*\s*=[^=]`)

var pythonName = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)

// pythonKeywords cannot be names of variables.
var pythonKeywords = strings.Fields(`False None True and as assert async await break class continue def del elif else
	except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield`)

func isPythonName(name string) bool {
	return pythonName.MatchString(name) && !slices.Contains(pythonKeywords, name)
}
