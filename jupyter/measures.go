package jupyter

import (
	"encoding/json"
	"math"
)

// MeasuresMIME is the type of an output that records numbers by name, as a JSON object. Nothing is shown of it.
const MeasuresMIME = "application/vnd.moelab.measures+json"

// scrapMIME is the type of what nteract's scrapbook records, one value an output: scrapbook.glue("FID", 12.5).
const scrapMIME = "application/scrapbook.scrap.json+json"

// Measures returns the finite numbers that the cells have recorded by name, as moelab's own notebooks do
// ([MeasuresMIME]), or with scrapbook in Python. The last one of a name counts.
func (nb *Notebook) Measures() map[string]float64 {
	measures := map[string]float64{}
	record := func(name string, value any) {
		if number, ok := finite(value); ok && name != "" {
			measures[name] = number
		}
	}
	for _, cell := range nb.Cells {
		for _, output := range cell.Outputs {
			own, _ := output.Data[MeasuresMIME].(map[string]any)
			for name, value := range own {
				record(name, value)
			}
			scrap, _ := output.Data[scrapMIME].(map[string]any)
			name, _ := scrap["name"].(string)
			record(name, scrap["data"])
		}
	}
	return measures
}

// finite returns a number of a decoded JSON.
func finite(value any) (float64, bool) {
	var number float64
	switch v := value.(type) {
	case float64:
		number = v
	case json.Number:
		var err error
		if number, err = v.Float64(); err != nil {
			return 0, false
		}
	default:
		return 0, false
	}
	return number, !math.IsNaN(number) && !math.IsInf(number, 0)
}
