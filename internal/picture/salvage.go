package picture

import (
	"encoding/binary"
	"io"
	"os"
)

// Delays are how long each frame of the picture is shown. Nothing is decoded for it.
func (p *Picture) Delays() []Delay {
	var delays []Delay
	for _, part := range p.parts {
		delays = append(delays, part.delay)
	}
	return delays
}

// Salvage reads what is whole of an animation that [Open] refuses, as a download that was cut off: the frames before the damage. It is nil if those are not
// two or more. The last may yet prove broken when it is decoded.
func Salvage(path string) *Picture {
	in, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxFile))
	if err != nil {
		return nil
	}
	f := recognise(data)
	if f == nil {
		return nil
	}
	file, err := f.open(data) // Readers return what they have read so far.
	if f.magic == pngSignature && err != nil {
		file.salvagePNG(data)
	}
	size := file.canvas
	if len(file.parts) < 2 || size.X < 1 || size.Y < 1 || int64(size.X)*int64(size.Y) > MaxPixels {
		return nil
	}
	p, err := file.picture()
	if err != nil {
		return nil
	}
	return p
}

// salvagePNG finds the frames in the chunks that are whole.
func (f *file) salvagePNG(data []byte) {
	chunks, _ := readChunks(data)
	f.parts = nil
	for _, c := range chunks {
		if c.name == "acTL" && len(c.data) >= 8 {
			_ = f.readAnimation(chunks, binary.BigEndian.Uint32(c.data)) // That there are fewer frames is known.
			break
		}
	}
}
