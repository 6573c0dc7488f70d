package lab

import (
	"fmt"
	"maps"
	"slices"
)

// Difference is a setting in which runs differ: its value in each run as JSON, "" where it is not set.
type Difference struct {
	Setting string
	Values  []string
}

// ReadSettings returns the settings of a run by name, each as JSON.
func ReadSettings(dir string) (map[string]string, error) {
	run := &Run{dir: dir}
	file, err := run.read()
	if err != nil {
		return nil, err
	}
	all, err := settings(file.Config)
	if err != nil {
		return nil, fmt.Errorf("%w in %s: %w", ErrConfig, run.Path(configName), err)
	}
	return all, nil
}

// Differences compares the settings of runs, in the order of their names. A setting that a run lacks, since another
// version of moelab made it, equals the zero value.
func Differences(dirs []string) (all []Difference, err error) {
	var each []map[string]string
	names := map[string]bool{}
	for _, dir := range dirs {
		of, err := ReadSettings(dir)
		if err != nil {
			return nil, err
		}
		each = append(each, of)
		for name := range of {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d := Difference{Setting: name}
		differ := false
		for _, of := range each {
			first := each[0][name]
			differ = differ || of[name] != first && !(isZero(of[name]) && isZero(first))
			d.Values = append(d.Values, of[name])
		}
		if differ {
			all = append(all, d)
		}
	}
	return all, nil
}
