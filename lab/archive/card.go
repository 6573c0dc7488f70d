package archive

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/lab"
	"go.yaml.in/yaml/v4"
)

// About says of a run what its folder does not.
type About struct {
	// Title describes the kind of experiment in a few words.
	Title string
	// Licence is that of the weights, "" if it is not known: then an older card's counts.
	Licence string

	status lab.Status
}

//go:embed card.md
var cardText string

var cardTemplate = template.Must(template.New("card").Parse(cardText))

// mark is the line of a card by which it is told from a person's own.
const mark = "<!-- moelab pack writes this card anew. Remove this line once you have changed it. -->"

// read reads the README.md of a run. isOwn is true if a person has written it. Otherwise the licence is taken from it,
// unless there is a new one.
func (a *About) read(dir string) (isOwn bool, err error) {
	text, err := regularfile.Read(filepath.Join(dir, cardName), regularfile.Note)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case strings.Contains(string(text), mark):
		if a.Licence != "" {
			return false, nil
		}
		if a.Licence, err = licenceIn(string(text)); err != nil {
			return false, fmt.Errorf("%w: the licence in %s cannot be read: %w", ErrCard, filepath.Join(dir, cardName), err)
		}
		return false, nil
	case a.Licence != "":
		return true, fmt.Errorf("%w: write the licence into %s, which is your own", ErrCard, filepath.Join(dir, cardName))
	}
	return true, nil
}

// licenceIn returns the licence that the head of a card names, "" if there is none.
func licenceIn(card string) (string, error) {
	parts := strings.SplitN(strings.ReplaceAll(card, "\r\n", "\n"), "---\n", 3)
	if len(parts) < 3 {
		return "", errors.New("it does not begin with a head between two lines ---")
	}
	var head struct {
		Licence string `yaml:"license"`
		Name    string `yaml:"license_name"`
	}
	if err := yaml.Load([]byte(parts[1]), &head); err != nil {
		return "", err
	}
	if head.Name == "" && head.Licence != "unknown" && head.Licence != "other" {
		return head.Licence, nil
	}
	return head.Name, nil
}

// row is a line of a table of the card.
type row struct{ Name, Value string }

// card returns the model card of a run: what it is, the data, settings, measures and licence.
func (a About) card(dir, name string) (string, error) {
	run, err := lab.Open(dir)
	if err != nil {
		return "", err
	}
	var config map[string]json.RawMessage
	kind, seed, err := run.Experiment(&config)
	if err != nil {
		return "", err
	}
	measured, err := lab.ReadMeasures(dir)
	if err != nil {
		return "", err
	}
	page := struct {
		Mark, Name, Kind, Title, Data, Licence string
		Seed                                   uint64
		Step, Steps                            int64
		Settings, Measures                     []row
	}{
		Mark: mark, Name: cell(name), Kind: kind, Title: a.Title, Licence: cell(a.Licence), Seed: seed,
		Step: a.status.Step, Steps: a.status.Steps,
	}
	if err := json.Unmarshal(config["data"], &page.Data); err != nil {
		page.Data = "" // Not all kinds have the setting.
	}
	page.Data = cell(page.Data)
	for _, setting := range slices.Sorted(maps.Keys(config)) {
		page.Settings = append(page.Settings, row{cell(setting), cell(string(config[setting]))})
	}
	for _, measure := range slices.Sorted(maps.Keys(measured)) {
		page.Measures = append(page.Measures, row{cell(measure), fmt.Sprintf("%.4g", measured[measure])})
	}
	var text strings.Builder
	err = cardTemplate.Execute(&text, page)
	return text.String(), err
}

// cell makes text fit into a cell of a Markdown table, and into a line.
func cell(text string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "|", `\|`, "`", "'", "<", "&lt;").Replace(text)
}
