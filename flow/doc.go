// Package flow estimates optical flow: the displacement of each pixel from one frame to the next. It implements
// Farnebäck's algorithm as OpenCV does, as a graph that XLA compiles, for any number of frames at once.
//
//	exec, err := model.NewExec(backend, model.NewStore(), func(_ *model.Scope, from, to *graph.Node) *graph.Node {
//		return flow.Farneback(from, to, nil, flow.Default())
//	})
package flow
