package lab

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
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

// MostSteps is the largest number of iterations: more than a thousand years of them.
const MostSteps = 1_000_000_000_000

// Between checks that a setting is a number in a range. The upper end is beyond all sensible use: a typing error is to
// be named, and not to exhaust the memory.
func Between[N int | int64 | float64](checks *Checks, setting string, value, least, most N) {
	checks.That(value >= least && value <= most, "%s is %v: it must be from %s to %s", setting, value, plain(least),
		plain(most))
}

// plain formats a number without an exponent.
func plain[N int | int64 | float64](n N) string { return strconv.FormatFloat(float64(n), 'f', -1, 64) }

// Choice checks that a setting names an entry of a table.
func Choice[V any](checks *Checks, setting, value string, table map[string]V) {
	checks.OneOf(setting, value, slices.Sorted(maps.Keys(table))...)
}

// OneOf checks that a setting has one of the given values.
func (c *Checks) OneOf(setting, value string, among ...string) {
	c.That(slices.Contains(among, value), "%s is %q: it must be one of %s", setting, value, strings.Join(among, ", "))
}
