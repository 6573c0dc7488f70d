package onnxfile

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"
)

// backend is a backend whose programs are ONNX's.
type backend struct {
	notimplemented.Backend
	function *function
}

// Name implements [compute.Backend].
func (b *backend) Name() string { return "onnx" }

// String implements [compute.Backend].
func (b *backend) String() string { return b.Name() }

// Description implements [compute.Backend].
func (b *backend) Description() string { return "writes ONNX files" }

// Builder implements [compute.Backend].
func (b *backend) Builder(string) compute.Builder { return &builder{function: b.function} }

// builder builds the one function of a network.
type builder struct {
	notimplemented.Builder
	function *function
}

// Main implements [compute.Builder].
func (b *builder) Main() compute.Function { return b.function }

// OpShape implements [compute.Builder].
func (b *builder) OpShape(v compute.Value) (shapes.Shape, error) { return v.(*value).shape, nil }

// Compile implements [compute.Builder]. The network is not run here.
func (b *builder) Compile() (compute.Executable, error) { return executable{}, nil }

// executable is a program that other programs run.
type executable struct{}

func (executable) Finalize()                          {}
func (executable) Inputs() ([]string, []shapes.Shape) { return nil, nil }
func (executable) Outputs() (outputs []shapes.Shape)  { return nil }
func (executable) Execute([]compute.Buffer, []bool, compute.DeviceNum) ([]compute.Buffer, error) {
	return nil, compute.ErrNotImplemented
}
