package portrait_test

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/vector/vectortest"
)

func TestPortraitsAreAsRecorded(t *testing.T) {
	var drawings []vectortest.Drawing
	add := func(name string, picture *image.RGBA) {
		drawings = append(drawings, vectortest.Drawing{Name: name, Bytes: picture.Pix})
	}
	var params []byte
	for i := -900; i < 9000; i++ {
		p := portrait.At(5, i)
		plain := fmt.Sprintf("%+v", p)
		for _, since := range []string{fmt.Sprintf(" Dress:%+v", p.Dress), fmt.Sprintf(" Look:%+v", p.Look)} {
			plain = strings.Replace(plain, since, "", 1) // Recorded before it.
		}
		params = fmt.Appendf(params, "%s %v %s %s %s\n", plain, p.EyeBoxes(100), p.EyeColour(), p.HairLength(), p.HairStyle())
	}
	drawings = append(drawings, vectortest.Drawing{Name: "parameters", Bytes: params})
	sizes := []int{24, 64, 100, 128, 257}
	for i := range 45 {
		size := sizes[i%len(sizes)]
		add(fmt.Sprintf("portrait %d at %d", i, size), portrait.At(1, i).Draw(size))
	}
	for i := range 90 {
		add(fmt.Sprintf("dressed portrait %d", i), portrait.AtDressed(6, i, 1).Draw(64))
	}
	for i := range 60 { // Every style.
		p := portrait.At(2, i)
		p.Fringe, p.Side, p.Back = portrait.Fringe(i), portrait.Side(i), portrait.Back(i)
		p.Eyes, p.Mouth, p.Clothes = portrait.EyeShape(i), portrait.Mouth(i), portrait.Clothes(i)
		p.Accessory = portrait.Accessory(i % 6)
		p.FineLines = i % 4
		add(fmt.Sprintf("styles %d", i), p.Draw(96))
	}
	for i := range 4 {
		for frame, p := range portrait.Blink(3, i).Frames {
			add(fmt.Sprintf("blink %d frame %d", i, frame), p.Draw(64))
		}
	}
	for i := range 9 {
		picture := image.NewRGBA(image.Rect(10, 20, 110, 90))
		draw.Draw(picture, picture.Rect, image.NewUniform(color.RGBA{90, 140, 200, 255}), image.Point{}, draw.Src)
		portrait.At(4, i).DrawOver(picture, float64(15*i)-40.3, float64(7*i)-10.6, 71.7+float64(i))
		add(fmt.Sprintf("over %d", i), picture)
	}
	add("zero", portrait.Params{}.Draw(50))
	add("of no colour", portrait.Params{Colour: 99, Back: -1, Scale: 3, Tilt: 1, EyeOpening: 2}.Draw(50))
	vectortest.CheckHashes(t, "portraits.txt", drawings)
}
