package plots_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"

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
		Title:        "One noise vector, three colours",
		Pictures:     [][]image.Image{{picture, picture, picture}, {picture, nil, picture}},
		RowLabels:    []string{"noise 1", "noise 2"},
		ColumnLabels: []string{"blue", "blonde", "green"},
		ColumnColours: []color.Color{
			color.RGBA{B: 255, A: 255},
			color.RGBA{R: 240, G: 210, B: 120, A: 255},
			color.RGBA{G: 160, A: 255},
		},
	}.Figure()
	if err != nil {
		log.Fatal(err)
	}
	// In a notebook this shows the grid below the cell.
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

func ExampleHistograms() {
	figure, err := plots.Histograms{
		Title: "Brightness of the pictures",
		X:     "value",
		Y:     "pixels (%)",
		High:  256,
		Names: []string{"training set", "generated"},
		Panels: []plots.HistogramPanel{
			{Name: "grey", Counts: [][]float64{{10, 40, 30, 20}, {5, 45, 35, 15}}},
		},
	}.Figure()
	if err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "plots")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "brightness.csv")
	if err := figure.SaveCSV(path); err != nil {
		log.Fatal(err)
	}
	numbers, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(numbers))
	// Output:
	// panel,series,low,high,count
	// grey,training set,0,64,10
	// grey,training set,64,128,40
	// grey,training set,128,192,30
	// grey,training set,192,256,20
	// grey,generated,0,64,5
	// grey,generated,64,128,45
	// grey,generated,128,192,35
	// grey,generated,192,256,15
}

func ExampleFlow() {
	// Every pixel moves three to the right and four down.
	field := plots.FlowField{Width: 32, Height: 24}
	for range field.Width * field.Height {
		field.Vectors = append(field.Vectors, 3, 4)
	}
	figure, err := plots.Flow{Title: "Motion", Fields: []plots.FlowField{field}, Labels: []string{"frame 2"}}.Figure()
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := figure.WriteSVG(&file); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the wheel's rim is the longest vector:", strings.Contains(file.String(), "rim: 5.0 px"))
	// Output: the wheel's rim is the longest vector: true
}

func ExampleFilm() {
	open, closed := image.NewGray(image.Rect(0, 0, 16, 16)), image.NewGray(image.Rect(0, 0, 16, 16))
	film := plots.Film{
		Title:  "A blink",
		Clips:  [][]image.Image{{open, closed, open}, {open, closed}},
		Labels: []string{"original", "generated"},
		Rate:   24,
	}
	_, err := film.Figure()
	fmt.Println(err)

	film.Clips[1] = append(film.Clips[1], open)
	figure, err := film.Figure()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(figure.Size())
	// Output:
	// plots: clip 2 has 2 frames, the first one 3
	// 416 273
}
