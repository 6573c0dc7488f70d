package lab

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Preset returns a configuration of a name. The error names those that there are.
func Preset[C any](presets map[string]C, name string) (C, error) {
	config, ok := presets[name]
	if !ok {
		return config, fmt.Errorf("there is no preset %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(presets)), ", "))
	}
	return config, nil
}

// Checks are what settings have to be. The zero value has found nothing wrong.
type Checks struct{ wrong []error }

// That notes what is wrong, in words like "steps is -1: it must not be negative", unless ok.
func (c *Checks) That(ok bool, format string, args ...any) {
	if !ok {
		c.wrong = append(c.wrong, fmt.Errorf(format, args...))
	}
}

// Err is all that is wrong, nil for nothing.
func (c *Checks) Err() error { return errors.Join(c.wrong...) }
