// Package notebooks holds functions for the cells of all notebooks, which import it with a dot.
package notebooks

import (
	"context"
	"image"
	"log"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/jupyter"
	"github.com/moelab/moelab/plots"
	"github.com/moelab/moelab/xla"
	"golang.org/x/image/draw"
)

// Check ends the cell with the error, if any.
func Check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Interruptible returns a context that is cancelled by the cell's stop button or by Ctrl-C.
func Interruptible() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)
	return ctx
}

// Backend opens XLA: on CUDA if there is a device, or else on the CPU. A missing plugin is installed, see [xla.Open].
func Backend(ctx context.Context) compute.Backend {
	backend, err := xla.Open(ctx, xla.Options{Log: os.Stdout})
	Check(err)
	return backend
}

// Show shows a figure below the cell and saves it as figures/NAME.png in a run directory. err is the error of the call
// that made the figure.
func Show(dir, name string, figure *plots.Figure, err error) {
	Check(err)
	Check(figure.Save(filepath.Join(dir, "figures", name+".png")))
	Check(figure.Show())
}

// Record records the finite ones of some measures in the notebook, where moelab sweep finds them. Nothing is shown, and
// outside a notebook nothing happens. of is what was measured, "" if that is one thing only.
func Record(of string, measures map[string]float64) {
	named := map[string]float64{}
	for name, value := range measures {
		if !math.IsNaN(value) && !math.IsInf(value, 0) { // JSON has none of these.
			named[strings.TrimSpace(of+" "+name)] = value
		}
	}
	if !gonbui.IsNotebook {
		return
	}
	gonbui.SendData(&protocol.DisplayData{Data: map[protocol.MIMEType]any{jupyter.MeasuresMIME: named}})
	Check(gonbui.Error())
	gonbui.Sync() // A cell may end right after this.
}

// Warn prints a warning of a training.
func Warn(err error) { log.New(os.Stdout, "warning: ", 0).Println(err) }

// ReadPicture reads a picture of any format, upright, on white.
func ReadPicture(path string) *image.RGBA {
	picture, err := dataset.ReadPicture(path)
	Check(err)
	return picture
}

// SavePicture writes a picture as a PNG, and creates its folder.
func SavePicture(path string, picture image.Image) {
	Check(imaging.SavePNG(path, picture))
}

// Coarse shows a picture in fewer pixels, size × size, each as a square: the whole is as large as before.
func Coarse(picture *image.RGBA, size int) *image.RGBA {
	small := imaging.Cut(picture, imaging.CentredSquare(picture.Rect), size)
	large := image.NewRGBA(picture.Rect)
	draw.NearestNeighbor.Scale(large, large.Rect, small, small.Rect, draw.Src, nil)
	return large
}
