package jupyter

import (
	"cmp"
	"errors"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// goType is the type of a parameter, or of a part of it.
type goType struct {
	types.Type
	constant bool
}

// String returns the type as the notebook's cells write it.
func (t goType) String() string {
	return types.TypeString(t.Type, func(p *types.Package) string {
		if p.Path() == "time" {
			return "time"
		}
		return ""
	})
}

func (t goType) of(element types.Type) goType { return goType{element, t.constant} }

func (t goType) isDuration() bool { return t.Type.String() == "time.Duration" }

// settable reports whether values of the type can be written as literals.
func (t goType) settable() bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&types.IsConstType != 0 && u.Info()&types.IsComplex == 0
	case *types.Slice:
		return t.of(u.Elem()).settable()
	case *types.Array:
		return t.of(u.Elem()).settable()
	case *types.Map:
		return t.of(u.Key()).settable() && t.of(u.Elem()).settable()
	case *types.Interface:
		return u.Empty()
	}
	return false
}

// source returns a value as Go source.
func (t goType) source(value Value) (string, error) {
	if a, ok := value.data.(argument); ok && t.isCollection() {
		literal, err := a.literal()
		if err != nil {
			return "", err
		}
		if !literal.isCollection() {
			return "", t.refuse(value)
		}
		value = literal
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if t.isDuration() {
			return t.duration(value)
		}
		return t.basic(u, value)
	case *types.Slice:
		return t.list(value, u.Elem(), -1)
	case *types.Array:
		return t.list(value, u.Elem(), int(u.Len()))
	case *types.Map:
		return t.dictionary(value, u)
	default: // any
		if value.data == nil {
			return "nil", nil
		}
		guess, err := value.goType()
		if err != nil {
			return "", err
		}
		return t.of(guess).source(value)
	}
}

func (t goType) isCollection() bool {
	switch t.Underlying().(type) {
	case *types.Slice, *types.Array, *types.Map:
		return true
	}
	return false
}

func (t goType) refuse(value Value) error {
	return fmt.Errorf("the parameter is of type %s, and %q is not", t, value)
}

// basic returns a value of the basic type u as a Go literal.
func (t goType) basic(u *types.Basic, value Value) (string, error) {
	text := value.String()
	a, isArgument := value.data.(argument)
	_, isText := value.data.(string)
	_, isBool := value.data.(bool)
	switch info := u.Info(); {
	case info&types.IsString != 0 && (isArgument || isText):
		return strconv.Quote(text), nil
	case info&types.IsBoolean != 0 && (isArgument || isBool):
		switch strings.ToLower(text) {
		case "true", "false":
			return strings.ToLower(text), nil
		}
	case info&types.IsInteger != 0 && isArgument:
		if v := constant.ToInt(number(text)); representable(v, u) {
			return v.ExactString(), nil
		}
	case info&types.IsFloat != 0 && isArgument:
		if source := t.infinite(string(a)); source != "" {
			return source, nil
		}
		if v := constant.ToFloat(number(text)); representable(v, u) {
			f, _ := constant.Float64Val(v)
			return floatLiteral(f), nil
		}
	}
	return "", t.refuse(value)
}

// infinite returns the source of infinity and NaN, or "". No constant is one of these.
func (t goType) infinite(text string) string {
	if t.constant || !goInfinite.MatchString(text) {
		return ""
	}
	source := "math.NaN()"
	switch f, _ := strconv.ParseFloat(text, 64); {
	case math.IsInf(f, 1):
		source = "math.Inf(1)"
	case math.IsInf(f, -1):
		source = "math.Inf(-1)"
	}
	if t.Type == types.Typ[types.Float64] {
		return source
	}
	return t.String() + "(" + source + ")"
}

var goInfinite = regexp.MustCompile(`(?i)^([+-]?inf(inity)?|nan)$`)

func (t goType) duration(value Value) (string, error) {
	d, err := time.ParseDuration(value.String())
	if err != nil {
		return "", fmt.Errorf("the parameter is of type time.Duration, such as 90s or 1h30m, and %q is not", value)
	}
	return fmt.Sprintf("time.Duration(%d)", d), nil
}

// list returns the source of a slice, or of an array of n elements. A negative n means any number.
func (t goType) list(value Value, element types.Type, n int) (string, error) {
	if value.data == nil && n < 0 {
		return "nil", nil
	}
	data, ok := value.data.(list)
	if !ok || n >= 0 && len(data.elements) > n {
		return "", t.refuse(value)
	}
	sources := make([]string, len(data.elements))
	for i, e := range data.elements {
		var err error
		if sources[i], err = t.of(element).source(e); err != nil {
			return "", t.refuse(value)
		}
	}
	return t.String() + "{" + strings.Join(sources, ", ") + "}", nil
}

func (t goType) dictionary(value Value, m *types.Map) (string, error) {
	if value.data == nil {
		return "nil", nil
	}
	object, ok := value.data.(mapping)
	if !ok {
		return "", t.refuse(value)
	}
	sources := make([]string, len(object))
	for i, e := range object {
		k, keyErr := t.of(m.Key()).source(e.key)
		v, valueErr := t.of(m.Elem()).source(e.value)
		if keyErr != nil || valueErr != nil {
			return "", t.refuse(value)
		}
		sources[i] = k + ": " + v
	}
	return t.String() + "{" + strings.Join(sources, ", ") + "}", nil
}

// goType guesses the Go type of a value without a declaration. Lists and dictionaries of mixed values hold any.
func (v Value) goType() (types.Type, error) {
	anything := types.Universe.Lookup("any").Type()
	switch data := v.data.(type) {
	case nil:
		return anything, nil
	case bool:
		return types.Typ[types.Bool], nil
	case argument:
		return data.goType()
	case list:
		element, err := commonType(data.elements)
		return types.NewSlice(element), err
	case mapping:
		var keys, values []Value
		for _, e := range data {
			keys, values = append(keys, e.key), append(values, e.value)
		}
		key, keyErr := commonType(keys)
		if key == anything {
			key = types.Typ[types.String]
		}
		value, valueErr := commonType(values)
		return types.NewMap(key, value), errors.Join(keyErr, valueErr)
	default:
		return types.Typ[types.String], nil
	}
}

func (a argument) goType() (types.Type, error) {
	text := string(a)
	v := number(text)
	switch {
	case strings.EqualFold(text, "true"), strings.EqualFold(text, "false"):
		return types.Typ[types.Bool], nil
	case v.Kind() == constant.Int && representable(v, types.Typ[types.Int]):
		return types.Typ[types.Int], nil
	case representable(constant.ToFloat(v), types.Typ[types.Float64]), goInfinite.MatchString(text):
		return types.Typ[types.Float64], nil
	case a.isLiteral():
		value, err := a.literal()
		if err != nil {
			return nil, err
		}
		return value.goType()
	}
	return types.Typ[types.String], nil
}

// commonType returns the type of all values: any if they differ, and float64 for whole numbers among others.
func commonType(values []Value) (types.Type, error) {
	var common types.Type
	for _, v := range values {
		t, err := v.goType()
		switch numbers := [2]types.Type{types.Typ[types.Int], types.Typ[types.Float64]}; {
		case err != nil:
			return nil, err
		case common == nil, types.Identical(common, t):
			common = t
		case slices.Contains(numbers[:], common) && slices.Contains(numbers[:], t):
			common = types.Typ[types.Float64]
		default:
			return types.Universe.Lookup("any").Type(), nil
		}
	}
	if common == nil {
		common = types.Universe.Lookup("any").Type()
	}
	return common, nil
}

// number parses a Go number with an optional sign. The result is of kind constant.Unknown if value is no number.
func number(value string) constant.Value {
	digits, negative := strings.CutPrefix(value, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	if pythonDecimal.MatchString(digits) && len(digits) > 1 { // In a command line, 010 is ten.
		digits = cmp.Or(strings.TrimLeft(digits, "0_"), "0")
	}
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
