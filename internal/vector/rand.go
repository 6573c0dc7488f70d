package vector

import "math/rand/v2"

// Rand draws the random numbers of drawings.
type Rand struct{ *rand.Rand }

// NewRand starts the random numbers of the index-th drawing of a seed.
func NewRand(seed uint64, index int) Rand { return Rand{rand.New(rand.NewPCG(seed, uint64(index)))} }

// Within returns a number in [low, high), all equally likely.
func (r Rand) Within(low, high float64) float64 { return low + (high-low)*r.Float64() }

// Stray returns a number in [-most, most), all equally likely.
func (r Rand) Stray(most float64) float64 { return most * (2*r.Float64() - 1) }

// Chance reports true with probability p.
func (r Rand) Chance(p float64) bool { return r.Float64() < p }

// OneOf returns one of several, all equally likely.
func OneOf[T any](r Rand, from ...T) T { return from[r.IntN(len(from))] }
