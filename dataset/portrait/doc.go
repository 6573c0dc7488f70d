// Package portrait draws anime-style portraits from numbers, so that a first training run needs no data and has exact labels.
//
// [At] gives the parameters of the index-th portrait of a seed's endless series, and [Params.Draw] paints it at any size:
//
//	for i := range 900 {
//		p := portrait.At(seed, i) // the nine hair colours come equally often
//		img := p.Draw(64)
//		...
//	}
//
// [Random] draws a portrait of an asked hair colour from a generator, and [Blink] a clip of one person closing the eyes.
// Everything is a pure function of its arguments: the same seed gives the same pictures.
package portrait
