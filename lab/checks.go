package lab

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Checks collects the errors of settings. The zero value has none.
type Checks struct{ wrong []error }

// That notes an error, such as "steps is -1: it must not be negative", unless ok.
func (c *Checks) That(ok bool, format string, args ...any) {
	if !ok {
		c.wrong = append(c.wrong, fmt.Errorf(format, args...))
	}
}

// Err returns all errors noted, nil for none.
func (c *Checks) Err() error { return errors.Join(c.wrong...) }

// Choice checks that a setting names an entry of a table.
func Choice[V any](checks *Checks, setting, value string, table map[string]V) {
	checks.OneOf(setting, value, slices.Sorted(maps.Keys(table))...)
}

// OneOf checks that a setting has one of the given values.
func (c *Checks) OneOf(setting, value string, among ...string) {
	c.That(slices.Contains(among, value), "%s is %q: it must be one of %s", setting, value, strings.Join(among, ", "))
}
