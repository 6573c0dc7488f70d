package jupyter

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// gonbCommand matches a line that is a command to GoNB, not Go source.
var gonbCommand = regexp.MustCompile(`(?m)^(//gonb:)?[%!].*$`)

// gonbMain matches the line before the body of main.
var gonbMain = regexp.MustCompile(`(?m)^(//gonb:)?%(%|main)`)

// goParameters lists the variables and constants that a Go cell declares.
func goParameters(source string) ([]Parameter, error) {
	// The body of main follows %% or %main. Its variables are invisible to other cells.
	if main := gonbMain.FindStringIndex(source); main != nil {
		source = source[:main[0]]
	}
	source = gonbCommand.ReplaceAllString(source, "")
	files := token.NewFileSet()
	// A comment on the first line belongs to the declaration below, and errors count the lines of the cell.
	const clause = "package parameters\n//line cell:1:1\n"
	mode := parser.ParseComments | parser.SkipObjectResolution
	file, err := parser.ParseFile(files, "cell", clause+source, mode)
	if err != nil {
		return nil, fmt.Errorf("%w: parsing the cell tagged %q: %w", ErrParameter, parametersTag, err)
	}
	text := func(n ast.Node) string {
		return source[files.Position(n.Pos()).Offset-len(clause) : files.Position(n.End()).Offset-len(clause)]
	}
	addTimeImport(file)
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}}
	checker := types.Config{Importer: onlyTime{}, Error: func(error) {}} // Unused imports and the like are no matter.
	_, _ = checker.Check("parameters", files, []*ast.File{file}, info)

	var parameters []Parameter
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.VAR && group.Tok != token.CONST {
			continue
		}
		for _, s := range group.Specs {
			spec := s.(*ast.ValueSpec)
			for i, name := range spec.Names {
				if name.Name == "_" || info.Defs[name] == nil {
					continue
				}
				p := goParameter(group.Tok, name.Name, info.Defs[name].Type())
				if group.Tok == token.CONST && (len(group.Specs) > 1 || len(spec.Names) > 1) {
					p.assign = cannotAssign("it is one of a group of constants, which GoNB only declares together: make it a var")
				}
				if i < len(spec.Values) {
					p.Default = text(spec.Values[i])
				}
				p.Comment = firstComment(spec.Comment, spec.Doc, group.Doc)
				parameters = append(parameters, p)
			}
		}
	}
	return parameters, nil
}

// goParameter describes a variable or constant by its declaration: keyword, name and type.
func goParameter(keyword token.Token, name string, t types.Type) Parameter {
	p := Parameter{Name: name, Type: t.String()}
	var literal func(value string) (string, error)
	basic, isBasic := t.(*types.Basic)
	switch {
	case t == types.Typ[types.Invalid]:
		p.Type = "unknown type"
		p.assign = cannotAssign("the cell does not show its type: declare it, as in var name string")
		return p
	case t.String() == "time.Duration":
		literal = durationLiteral
	case isBasic && basic.Info()&types.IsUntyped != 0:
		p.Type = types.Default(t).String()
		literal = basicLiteral(types.Default(t).(*types.Basic))
	case isBasic && basic.Info()&types.IsConstType != 0:
		literal = basicLiteral(basic)
	default:
		p.assign = cannotAssign("it has the type " + t.String() + ", which cannot be set from outside")
		return p
	}
	p.assign = func(value string) (string, error) {
		source, err := literal(value)
		if err != nil {
			return "", err
		}
		declared := name
		// An untyped constant stays untyped: other cells may use it as more than one type.
		if !isBasic || basic.Info()&types.IsUntyped == 0 {
			declared += " " + p.Type
		}
		return fmt.Sprintf("%s %s = %s", keyword, declared, source), nil
	}
	return p
}

func cannotAssign(why string) func(string) (string, error) {
	return func(string) (string, error) { return "", errors.New(why) }
}

// basicLiteral returns a function that turns a value into a Go literal of the type t.
func basicLiteral(t *types.Basic) func(value string) (string, error) {
	return func(value string) (string, error) {
		var v constant.Value
		switch info := t.Info(); {
		case info&types.IsString != 0:
			return strconv.Quote(value), nil
		case info&types.IsBoolean != 0:
			if value == "true" || value == "false" {
				return value, nil
			}
		case info&types.IsInteger != 0:
			v = constant.ToInt(number(value))
			if representable(v, t) {
				return v.ExactString(), nil
			}
		case info&types.IsFloat != 0:
			v = constant.ToFloat(number(value))
			if representable(v, t) {
				return floatLiteral(v), nil
			}
		}
		return "", fmt.Errorf("the parameter is of type %s, and %q is not", t.Name(), value)
	}
}

// number parses a Go number with an optional minus sign. The result is of kind constant.Unknown if value is no number.
func number(value string) constant.Value {
	digits, negative := strings.CutPrefix(value, "-")
	if digits == "" || !strings.Contains(".0123456789", digits[:1]) {
		return constant.MakeUnknown()
	}
	var v constant.Value
	if v = constant.MakeFromLiteral(digits, token.INT, 0); v.Kind() == constant.Unknown {
		v = constant.MakeFromLiteral(digits, token.FLOAT, 0)
	}
	if negative && v.Kind() != constant.Unknown {
		v = constant.UnaryOp(token.SUB, v, 0)
	}
	return v
}

// representable reports whether the constant fits the type: no fraction in an int, no 300 in a uint8.
func representable(v constant.Value, t *types.Basic) bool {
	if v.Kind() == constant.Unknown {
		return false
	}
	bits := map[types.BasicKind]int{
		types.Int8: 8, types.Int16: 16, types.Int32: 32, types.Int: strconv.IntSize, types.Int64: 64,
		types.Uint8: 8, types.Uint16: 16, types.Uint32: 32, types.Uint: strconv.IntSize, types.Uint64: 64,
		types.Uintptr: strconv.IntSize,
	}[t.Kind()]
	var err error
	switch info := t.Info(); {
	case info&types.IsUnsigned != 0:
		_, err = strconv.ParseUint(v.ExactString(), 10, bits)
	case info&types.IsInteger != 0:
		_, err = strconv.ParseInt(v.ExactString(), 10, bits)
	case t.Kind() == types.Float32:
		f, _ := constant.Float32Val(v)
		return f-f == 0 // Not infinite.
	default:
		f, _ := constant.Float64Val(v)
		return f-f == 0
	}
	return err == nil
}

// floatLiteral returns a floating-point literal, even for a whole number.
func floatLiteral(v constant.Value) string {
	f, _ := constant.Float64Val(v)
	literal := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(literal, ".e") {
		literal += ".0"
	}
	return literal
}

func durationLiteral(value string) (string, error) {
	d, err := time.ParseDuration(value)
	if err != nil {
		return "", fmt.Errorf("the parameter is of type time.Duration, such as 90s or 1h30m, and %q is not", value)
	}
	return fmt.Sprintf("time.Duration(%d) // %s", d, d), nil
}

// addTimeImport imports package time if the cell does not, as goimports will.
func addTimeImport(file *ast.File) {
	for _, i := range file.Imports {
		if i.Path.Value == `"time"` {
			return
		}
	}
	spec := &ast.ImportSpec{Path: &ast.BasicLit{Kind: token.STRING, Value: `"time"`}}
	file.Imports = append(file.Imports, spec)
	file.Decls = append([]ast.Decl{&ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{spec}}}, file.Decls...)
}

// onlyTime imports package time, reduced to durations and their units. Types of other packages cannot be set anyway.
type onlyTime struct{}

func (onlyTime) Import(path string) (*types.Package, error) {
	if path != "time" {
		return nil, fmt.Errorf("package %s is not needed for parameters", path)
	}
	p := types.NewPackage("time", "time")
	name := types.NewTypeName(token.NoPos, p, "Duration", nil)
	duration := types.NewNamed(name, types.Typ[types.Int64], nil)
	p.Scope().Insert(name)
	for unit, d := range map[string]time.Duration{
		"Nanosecond": time.Nanosecond, "Microsecond": time.Microsecond, "Millisecond": time.Millisecond,
		"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour,
	} {
		p.Scope().Insert(types.NewConst(token.NoPos, p, unit, duration, constant.MakeInt64(int64(d))))
	}
	p.MarkComplete()
	return p, nil
}

func firstComment(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if text := strings.TrimSpace(g.Text()); text != "" {
			return text
		}
	}
	return ""
}
