// Package flow estimates optical flow: how each pixel of a frame moves to the next one. It is Farnebäck's algorithm as OpenCV has it, as a graph that XLA
// compiles, for any number of frames at once.
//
//	exec, err := model.NewExec(backend, model.NewStore(), func(_ *model.Scope, from, to *graph.Node) *graph.Node {
//		return flow.Farneback(from, to, nil, flow.Default())
//	})
package flow
