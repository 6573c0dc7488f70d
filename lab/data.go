package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/internal/realpath"
)

// FindData returns where the data of a run lies that its configuration names: where the run was trained on it, or
// there, as seen from the current folder, or below the nearest folder above the run. It returns the path itself, found
// or not, if dir holds no run yet.
func FindData(dir, data string) (string, error) {
	if data == "" {
		return data, nil
	}
	run := &Run{dir: dir}
	file, err := run.read()
	if errors.Is(err, ErrNotARun) {
		return data, nil
	}
	if err != nil {
		return "", err
	}
	// The same words name another folder elsewhere: what the run was trained on comes first.
	for _, path := range []string{file.Data, data} {
		if exists(path) {
			return path, nil
		}
	}
	above, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for !filepath.IsAbs(data) && above != filepath.Dir(above) {
		above = filepath.Dir(above)
		if path := filepath.Join(above, data); exists(path) {
			return path, nil
		}
	}
	was := ""
	if file.Data != "" && file.Data != data {
		was = ", was at " + file.Data
	}
	return "", fmt.Errorf("%s, which %s was trained on%s, is not found: move it back, or run the command from the folder "+
		"that it lies in (or measure with other data: --data)", data, dir, was)
}

// apartFromData returns an error if a run directory lies in the folder of the data that its configuration names: when
// the training resumes it would train on its own pictures.
func apartFromData(dir string, config any) error {
	text, err := json.Marshal(config)
	if err != nil {
		return fmt.Errorf("describe the experiment: %w", err)
	}
	var named struct {
		Data string `json:"data"`
	}
	if json.Unmarshal(text, &named) != nil || named.Data == "" {
		return nil
	}
	data, err := FindData(dir, named.Data)
	if err != nil { // The training says so.
		return nil
	}
	inside, err := realpath.Contains(data, dir)
	if err == nil && inside {
		err = fmt.Errorf("%w: the run directory %s lies in the data, %s, and its pictures would be trained on: "+
			"choose another directory", ErrConfig, dir, data)
	}
	return err
}

// keepData returns a configuration with its data named as in the run before, if both names are of one folder.
func keepData(old *configFile, config json.RawMessage) (json.RawMessage, error) {
	var before struct {
		Data string `json:"data"`
	}
	if json.Unmarshal(old.Config, &before) != nil || before.Data == "" || !exists(old.Data) {
		return config, nil
	}
	now, errNow := os.Stat(dataOf(config))
	then, errThen := os.Stat(old.Data)
	if errNow != nil || errThen != nil || !os.SameFile(now, then) {
		return config, nil
	}
	all, fields, err := byName(config)
	if err != nil {
		return nil, err
	}
	name, err := json.Marshal(before.Data)
	if err != nil {
		return nil, err
	}
	return bytes.Replace(all, append([]byte(`"data":`), fields["data"]...), append([]byte(`"data":`), name...), 1), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return path != "" && err == nil
}

// dataOf returns the absolute path of the data that a configuration names, empty if it names none, or none that is
// there.
func dataOf(config json.RawMessage) string {
	var named struct {
		Data string `json:"data"`
	}
	if json.Unmarshal(config, &named) != nil || !exists(named.Data) {
		return ""
	}
	path, err := filepath.Abs(named.Data)
	if err != nil {
		return ""
	}
	return path
}
