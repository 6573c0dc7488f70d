// Package portrait draws anime-style portraits from numbers, so that a first training run needs no data and has exact
// labels.
//
// [At] returns the parameters of the index-th portrait of a seed's endless series, and [Params.Draw] paints it at any
// size:
//
//	for i := range 900 {
//		p := portrait.At(seed, i) // all hair colours come equally often
//		img := p.Draw(64)
//		...
//	}
//
// [Random] draws a portrait of a given hair colour from a generator, and [Blink] a clip of one person who closes the
// eyes. Everything is a pure function of its arguments: the same seed gives the same pictures.
package portrait
