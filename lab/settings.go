package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Assign returns a configuration with one setting changed by its name in config.json, as in "batch=32" or
// `classes=["blue","red"]`. A value that is not JSON of the setting's type is taken as text. The given configuration
// stays unchanged.
func Assign[Config any](config Config, assignment string) (changed Config, err error) {
	name, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return config, fmt.Errorf("setting %q is not of the form key=value", assignment)
	}
	all, fields, err := byName(config)
	if err != nil {
		return config, err
	}
	if _, ok := fields[name]; !ok {
		return config, fmt.Errorf(
			"there is no setting %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(fields)), ", "),
		)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return config, fmt.Errorf("setting %s: %w", name, err)
	}
	for _, candidate := range [][]byte{[]byte(value), text} {
		if strings.TrimSpace(string(candidate)) == "null" || !json.Valid(candidate) { // It would change nothing, or more.
			continue
		}
		var changed Config // From JSON, so that it shares no slice with the argument.
		if err := json.Unmarshal(all, &changed); err != nil {
			return config, fmt.Errorf("copy the settings: %w", err)
		}
		decoder := json.NewDecoder(bytes.NewReader(fmt.Appendf(nil, "{%q: %s}", name, candidate)))
		decoder.DisallowUnknownFields() // Within a setting that is an object, too.
		if decoder.Decode(&changed) == nil {
			return changed, nil
		}
	}
	if !json.Valid([]byte(value)) {
		value = string(text)
	}
	return config, fmt.Errorf("setting %s cannot be %s: it is now %s", name, value, fields[name])
}

// Settings formats a configuration on one line, as key=value in the form that [Assign] takes, sorted by name.
func Settings(config any) string {
	_, fields, err := byName(config)
	if err != nil {
		return err.Error()
	}
	parts := make([]string, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, fmt.Sprintf("%s=%s", name, fields[name]))
	}
	return strings.Join(parts, " ")
}

// byName returns a configuration as JSON, both whole and by name of the setting.
func byName(config any) (all []byte, fields map[string]json.RawMessage, err error) {
	if all, err = json.Marshal(config); err != nil {
		return nil, nil, fmt.Errorf("list the settings: %w", err)
	}
	if err := json.Unmarshal(all, &fields); err != nil {
		return nil, nil, fmt.Errorf("list the settings: %w", err)
	}
	return all, fields, nil
}
