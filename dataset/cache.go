package dataset

import (
	"context"
	"image"
	"sync"
)

// Cached keeps the pictures read from a set in memory, up to a number of bytes, so that they are decoded or drawn once
// and not once an epoch. A picture takes size × size × 3 bytes. When the memory is full, its contents stay: epochs are
// permutations, so all pictures are equally likely to be read next.
func Cached(set Set, bytes int64) Set {
	return &cached{Set: set, cache: newCache[pictureKey, []uint8](bytes)}
}

type cached struct {
	Set
	cache *cache[pictureKey, []uint8] // RGB.
}

type pictureKey struct{ index, size int }

func (c *cached) Picture(ctx context.Context, i, size int) (*image.RGBA, error) {
	key := pictureKey{i, size}
	if pixels, found := c.cache.get(key); found {
		return unpack(pixels, size), nil
	}
	picture, err := c.Set.Picture(ctx, i, size)
	if err != nil {
		return nil, err
	}
	if bytes := int64(size) * int64(size) * 3; c.cache.hasRoom(bytes) {
		c.cache.keep(key, pack(picture), bytes)
	}
	return picture, nil
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

// cache keeps values up to a number of bytes, and never evicts.
type cache[K comparable, V any] struct {
	mutex sync.Mutex
	left  int64
	kept  map[K]V
}

func newCache[K comparable, V any](bytes int64) *cache[K, V] {
	return &cache[K, V]{left: bytes, kept: map[K]V{}}
}

func (c *cache[K, V]) get(key K) (V, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	value, found := c.kept[key]
	return value, found
}

// hasRoom reports whether a value of the given number of bytes still fits.
func (c *cache[K, V]) hasRoom(bytes int64) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.left >= bytes
}

// keep keeps a value if there is room for it.
func (c *cache[K, V]) keep(key K, value V, bytes int64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if _, found := c.kept[key]; found || c.left < bytes {
		return
	}
	c.left -= bytes
	c.kept[key] = value
}
