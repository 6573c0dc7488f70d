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
	"strings"
	"time"
)

// gonbCommand matches a line that is a command to GoNB, not Go source.
var gonbCommand = regexp.MustCompile(`(?m)^(//gonb:)?[%!].*$`)

// gonbMain matches the line before the body of main.
var gonbMain = regexp.MustCompile(`(?m)^(//gonb:)?%(%|main)`)

// gonbShell matches a command to the shell.
var gonbShell = regexp.MustCompile(`(?m)^(//gonb:)?!.*$`)

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
	if t == types.Typ[types.Invalid] {
		return Parameter{Name: name, Type: "unknown type",
			assign: cannotAssign("the cell does not show its type: declare it, as in var name string")}
	}
	g := goType{Type: types.Default(t), constant: keyword == token.CONST}
	p := Parameter{Name: name, Type: g.String()}
	if !g.settable() {
		p.assign = cannotAssign("it has the type " + p.Type + ", which cannot be set from outside")
		return p
	}
	declared := name + " " + p.Type
	// An untyped constant stays untyped: other cells may use it as more than one type.
	if basic, ok := t.(*types.Basic); ok && basic.Info()&types.IsUntyped != 0 {
		declared = name
	}
	p.assign = func(value Value) (string, error) {
		source, err := g.source(value)
		if err != nil {
			return "", err
		}
		if g.isDuration() {
			source += " // " + value.String()
		}
		return fmt.Sprintf("%s %s = %s", keyword, declared, source), nil
	}
	return p
}

func cannotAssign(why string) func(Value) (string, error) {
	return func(Value) (string, error) { return "", errors.New(why) }
}

// goUnknown returns the declaration of a parameter that no cell declares.
func goUnknown(name string, value Value) (string, error) {
	if !token.IsIdentifier(name) {
		return "", fmt.Errorf("%q cannot be the name of a variable", name)
	}
	guess, err := value.goType()
	if err != nil {
		return "", err
	}
	return goParameter(token.VAR, name, guess).assign(value)
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
