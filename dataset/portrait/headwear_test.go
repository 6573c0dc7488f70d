package portrait_test

import (
	"image"
	"testing"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/stretchr/testify/assert"
)

func TestNoShareOfHatsLeavesPortraitsAsTheyAre(t *testing.T) {
	for i := range 20 {
		assert.Equal(t, portrait.At(4, i), portrait.AtDressed(4, i, 0))
	}
}

func TestHatsChangeNothingButTheHead(t *testing.T) {
	dressed := 0
	const n = 600
	worn := map[portrait.Headwear]bool{}
	tones := map[portrait.TwoTone]bool{}
	for i := range n {
		plain, p := portrait.At(4, i), portrait.AtDressed(4, i, 0.5)
		assert.Equal(t, p, portrait.AtDressed(4, i, 0.5), "the same portrait each time")
		if p.Headwear != 0 || p.TwoTone != 0 {
			dressed++
		}
		worn[p.Headwear], tones[p.TwoTone] = true, true
		assert.False(t, p.Headwear != 0 && p.TwoTone != 0)
		if p.TwoTone != 0 {
			assert.NotEqual(t, p.Colour, p.SecondColour)
		}
		p.Dress = plain.Dress
		p.Accessory, p.Ahoge = plain.Accessory, plain.Ahoge
		assert.Equal(t, plain, p)
	}
	assert.InDelta(t, n/2, dressed, 50)
	assert.Len(t, worn, 11, "every kind comes, and none")
	assert.Len(t, tones, 4)
}

// differing counts the pixels in which two pictures differ.
func differing(a, b *image.RGBA) (n int) {
	for i := 0; i < len(a.Pix); i += 4 {
		if [4]uint8(a.Pix[i:i+4]) != [4]uint8(b.Pix[i:i+4]) {
			n++
		}
	}
	return n
}

func TestTheSecondColourIsOfTheSmallerPartOfTheHair(t *testing.T) {
	for i := range 150 {
		p := portrait.At(8, i)
		p.SecondHair = ((p.Colour + 4) % 9).RGB()
		first := p.Draw(64)
		other := p
		other.Hair = p.SecondHair
		hair := differing(first, other.Draw(64))
		for p.TwoTone = 1; p.TwoTone <= 3; p.TwoTone++ {
			second := differing(first, p.Draw(64))
			assert.Less(t, second, hair/2, "portrait %d, %s: of %d pixels of hair", i, p.TwoTone, hair)
		}
	}
}

func TestAHatHidesHairAndLeavesTheEyes(t *testing.T) {
	for i := range 30 {
		p := portrait.At(8, i)
		p.Accessory, p.Ahoge = portrait.NoAccessory, false
		plain := p.Draw(64)
		for p.Headwear = 1; p.Headwear <= 10; p.Headwear++ {
			p.HeadwearColour = ((p.Colour + 4) % 9).RGB()
			worn := p.Draw(64)
			assert.Greater(t, differing(plain, worn), 60, "portrait %d, %s", i, p.Headwear)
			for _, eye := range p.EyeBoxes(64) { // Below the upper lashes.
				for y := (eye.Min.Y + eye.Max.Y) / 2; y < eye.Max.Y; y++ {
					for x := eye.Min.X + eye.Dx()/3; x < eye.Max.X-eye.Dx()/3; x++ {
						assert.Equal(t, plain.RGBAAt(x, y), worn.RGBAAt(x, y), "portrait %d, %s: an eye", i, p.Headwear)
					}
				}
			}
		}
	}
	assert.True(t, portrait.Headwear(1).CoversHair())
	assert.False(t, portrait.Headwear(0).CoversHair())
	assert.False(t, portrait.Headwear(9).CoversHair(), portrait.Headwear(9))
}
