package plots_test

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/plots"
)

func ExampleCurves() {
	folder, err := os.MkdirTemp("", "plots")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	losses := plots.Series{Name: "discriminator"}
	for step := 0; step < 1000; step += 10 {
		losses.Steps = append(losses.Steps, step)
		losses.Values = append(losses.Values, 2*math.Exp(-float64(step)/300))
	}
	losses.Values[50] = math.NaN()

	figure, err := plots.Curves{
		Title:  "Loss of the discriminator",
		X:      "step",
		Y:      "hinge loss",
		Series: []plots.Series{losses},
		Log:    true,
		Smooth: 0.9,
		Marks:  []plots.Mark{{Step: 400, Label: "resumed"}},
	}.Figure()
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range []string{"losses.png", "losses.svg"} {
		if err := figure.Save(filepath.Join(folder, path)); err != nil {
			log.Fatal(err)
		}
	}
	if err := figure.SaveCSV(filepath.Join(folder, "losses.csv")); err != nil {
		log.Fatal(err)
	}
	for _, note := range figure.Notes() {
		fmt.Println(note)
	}
	// Output:
	// Pale: every value. Strong: exponential mean with weight 0.9, over about 10 values.
	// discriminator: 1 of 100 values left out, being NaN or infinite.
}

func ExampleGrid() {
	picture := image.NewRGBA(image.Rect(0, 0, 64, 64))
	figure, err := plots.Grid{
		Title:         "One noise vector, three colours",
		Pictures:      [][]image.Image{{picture, picture, picture}, {picture, nil, picture}},
		RowLabels:     []string{"noise 1", "noise 2"},
		ColumnLabels:  []string{"blue", "blonde", "green"},
		ColumnColours: []color.Color{color.RGBA{B: 255, A: 255}, color.RGBA{R: 240, G: 210, B: 120, A: 255}, color.RGBA{G: 160, A: 255}},
	}.Figure()
	if err != nil {
		log.Fatal(err)
	}
	// In a notebook this shows the grid under the cell.
	if err := figure.Show(); errors.Is(err, plots.ErrNoNotebook) {
		fmt.Println("not in a notebook")
	}
	// Output: not in a notebook
}

func ExampleConfusion() {
	matrix := plots.Confusion{
		Title:   "Hair colour",
		Classes: []string{"blonde", "silver"},
		Counts:  [][]int{{95, 5}, {10, 90}},
		Asked:   "asked for",
		Seen:    "seen",
	}
	figure, err := matrix.Figure()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("accuracy %.3f\n", matrix.Accuracy())
	fmt.Println(figure.Image().Bounds().Dx() > 0)
	// Output:
	// accuracy 0.925
	// true
}

func ExampleBars() {
	figure, err := plots.Bars{
		Title:  "Training portraits by hair colour",
		X:      "pictures",
		Names:  []string{"blonde", "brown", "black"},
		Values: []float64{1200, 834, 1011},
	}.Figure()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(figure.Size())
	// Output: 900 156
}
