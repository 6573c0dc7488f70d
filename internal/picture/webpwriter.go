package picture

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/HugoSmits86/nativewebp"
)

// maxWebP is how many pixels all frames of an animated WebP may have. They are in memory until the end, four bytes each.
const maxWebP = 500_000_000

// webpWriter writes a lossless WebP, of 8 bits a channel. The library writes no sooner than when all frames are there, and writes no profiles.
type webpWriter struct {
	w    io.Writer
	info Info
	nativewebp.Animation
}

func newWebPWriter(w io.Writer, info Info) (*webpWriter, error) {
	if all := int64(info.Frames) * int64(info.Width) * int64(info.Height); all > maxWebP {
		return nil, fmt.Errorf("it would be %d frames of %d×%d pixels: too much for a WebP, write it as .png", info.Frames, info.Width, info.Height)
	}
	return &webpWriter{w: w, info: info, Animation: nativewebp.Animation{LoopCount: uint16(min(info.Plays, 1<<16-1))}}, nil
}

func (p *webpWriter) Write(frame Frame) error {
	p.Images = append(p.Images, toNRGBA(frame.Pixels))
	p.Durations = append(p.Durations, uint(frame.Delay.Duration().Milliseconds()))
	p.Disposals = append(p.Disposals, 1) // Frames fill the picture: nothing of one is seen in the next.
	return nil
}

func (p *webpWriter) Close() error {
	var encoded bytes.Buffer // The library does not tell whether writing failed.
	var err error
	switch {
	case len(p.Images) == 0:
		return errors.New("there is no frame to write")
	case p.info.Frames == 1:
		err = nativewebp.Encode(&encoded, p.Images[0], nil)
	default:
		err = nativewebp.EncodeAll(&encoded, &p.Animation, nil)
	}
	if err != nil {
		return fmt.Errorf("encode the WebP: %w", err)
	}
	_, err = p.w.Write(encoded.Bytes())
	return err
}
