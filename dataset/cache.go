package dataset

import (
	"context"
	"image"
	"sync"
)

// Cached is a set that keeps what was read from another in memory, up to a number of bytes, so that it is decoded or
// drawn once and not once an epoch. A picture takes size × size × 3 bytes. When the memory is full, what is there stays:
// epochs are permutations, so one picture is as likely to be asked for as the next.
func Cached(set Set, bytes int64) Set {
	return &cached{Set: set, left: bytes, kept: map[pictureKey][]uint8{}}
}

type cached struct {
	Set
	mutex sync.Mutex
	left  int64
	kept  map[pictureKey][]uint8 // RGB.
}

type pictureKey struct{ index, size int }

func (c *cached) Picture(ctx context.Context, i, size int) (*image.RGBA, error) {
	key := pictureKey{i, size}
	c.mutex.Lock()
	pixels, found := c.kept[key]
	c.mutex.Unlock()
	if found {
		return unpack(pixels, size), nil
	}
	picture, err := c.Set.Picture(ctx, i, size)
	if err != nil {
		return nil, err
	}
	c.keep(key, picture)
	return picture, nil
}

func (c *cached) keep(key pictureKey, picture *image.RGBA) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	bytes := int64(key.size) * int64(key.size) * 3
	if _, found := c.kept[key]; found || c.left < bytes {
		return
	}
	c.left -= bytes
	c.kept[key] = pack(picture)
}

// pack drops the alpha of an opaque picture.
func pack(picture *image.RGBA) []uint8 {
	rgb := make([]uint8, 0, len(picture.Pix)/4*3)
	for i := 0; i < len(picture.Pix); i += 4 {
		rgb = append(rgb, picture.Pix[i:i+3]...)
	}
	return rgb
}

func unpack(rgb []uint8, size int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		copy(picture.Pix[4*i:], rgb[3*i:3*i+3])
		picture.Pix[4*i+3] = 255
	}
	return picture
}
