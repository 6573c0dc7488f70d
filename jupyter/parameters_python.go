package jupyter

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// pythonAssignment matches a line like: name: int = 3  # comment
var pythonAssignment = regexp.MustCompile(
	`(?m)^([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=[ \t]*([^=\n#][^\n#]*?)[ \t]*(?:#[ \t]*(.*))?$`)

// pythonParameters lists the variables assigned in a Python cell. Their types are those of the assigned values.
func pythonParameters(source string) []Parameter {
	var parameters []Parameter
	for _, m := range pythonAssignment.FindAllStringSubmatch(source, -1) {
		p := Parameter{Name: m[1], Default: m[2], Comment: m[3]}
		p.Type = pythonType(p.Default)
		p.assign = func(value string) (string, error) {
			literal, err := pythonLiteral(p.Type, value)
			if err != nil {
				return "", err
			}
			return p.Name + " = " + literal, nil
		}
		parameters = append(parameters, p)
	}
	return parameters
}

// pythonType returns the type of a literal, or "any" for other expressions.
func pythonType(literal string) string {
	digits := strings.ReplaceAll(literal, "_", "")
	if literal == "True" || literal == "False" {
		return "bool"
	}
	if strings.HasPrefix(literal, `"`) || strings.HasPrefix(literal, "'") {
		return "str"
	}
	if _, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return "int"
	}
	if _, err := strconv.ParseFloat(digits, 64); err == nil {
		return "float"
	}
	return "any"
}

// pythonLiteral returns a value as Python source.
func pythonLiteral(kind, value string) (string, error) {
	switch kind {
	case "str":
		// Go's and Python's escapes are the same in this form.
		return strconv.QuoteToASCII(value), nil
	case "bool":
		switch strings.ToLower(value) {
		case "true":
			return "True", nil
		case "false":
			return "False", nil
		}
	case "int":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
	case "float":
		if f, err := strconv.ParseFloat(value, 64); err == nil && f-f == 0 {
			return strconv.FormatFloat(f, 'g', -1, 64), nil // 007 and 0x1p4 are errors in Python.
		}
	default: // Guess like papermill.
		for _, guess := range []string{"int", "float", "bool"} {
			if literal, err := pythonLiteral(guess, value); err == nil {
				return literal, nil
			}
		}
		if value == "None" {
			return value, nil
		}
		return pythonLiteral("str", value)
	}
	return "", fmt.Errorf("the parameter is of type %s, and %q is not", kind, value)
}
