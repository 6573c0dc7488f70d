package gan

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
)

// sampleBatch is the number of portraits drawn at once: one program is compiled for it.
const sampleBatch = 16

// Sampler draws portraits with a trained generator.
type Sampler struct {
	// Config is the run's.
	Config Config
	// Step is the number of iterations that the generator was trained for.
	Step int64
	exec *model.Exec
	dir  string // The run's, if there is one.
	// asked are the requested classes of attributes; see [Sampler.Ask].
	asked map[string]string
}

// Open loads the newest checkpoint of a run: the average of G's weights, if the run has one.
func Open(backend compute.Backend, dir string) (*Sampler, error) {
	return open(backend, dir, func(config Config) string { return lab.DrawnScope(config.AverageDecay) })
}

// OpenRaw loads the newest checkpoint of a run, with G's weights as they were after the last step.
func OpenRaw(backend compute.Backend, dir string) (*Sampler, error) {
	return open(backend, dir, func(Config) string { return lab.GeneratorScope })
}

// open loads the newest checkpoint of a run, with the weights below a scope.
func open(backend compute.Backend, dir string, scope func(Config) string) (*Sampler, error) {
	config, weights, state, err := Experiment.OpenModel(dir)
	if err != nil {
		return nil, err
	}
	sampler, err := newSampler(backend, config, weights, scope(config))
	if err != nil {
		return nil, err
	}
	sampler.Step, sampler.dir = state.Step, dir
	return sampler, nil
}

// newSampler compiles the generator with the weights below a scope. The error wraps [lab.ErrOtherExperiment] if they
// are another network's.
func newSampler(backend compute.Backend, config Config, weights lab.Weights, scope string) (*Sampler, error) {
	network, err := config.network()
	if err != nil {
		return nil, err
	}
	exec, err := lab.Compile(backend, weights, network.generator(config, scope),
		shapes.Make(dtypes.Float32, sampleBatch, config.Noise),
		shapes.Make(dtypes.Float32, sampleBatch, config.conditionWidth()))
	if err != nil {
		return nil, fmt.Errorf("compile the generator for the weights of the run: %w", err)
	}
	return &Sampler{Config: config, exec: exec}, nil
}

// generator is the program that draws portraits with the weights at a scope.
//
//	noise: [batch, noise], mixtures: [batch, classes] → [batch, size, size, 3] in [-1, 1]
func (n Network) generator(config Config, scope string) func(root *model.Scope, noise, mixtures *Node) *Node {
	return func(root *model.Scope, noise, mixtures *Node) *Node {
		return n.Generator(root.At("%s", scope), config, noise, mixtures)
	}
}

// Close frees the compiled program.
func (s *Sampler) Close() { s.exec.Finalize() }

// DrawNoise returns n noise vectors of N(0, 1), the same for the same seed: more vectors begin with those of fewer.
func (c Config) DrawNoise(seed uint64, n int) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 0x6e6f697365)) // "noise": another stream than the data's.
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = make([]float32, c.Noise)
		for j := range vectors[i] {
			vectors[i][j] = float32(rng.NormFloat64())
		}
	}
	return vectors
}

// Sample draws a portrait for each noise vector, in the class of its label.
func (s *Sampler) Sample(ctx context.Context, noise [][]float32, labels []int) ([]*image.RGBA, error) {
	mixtures := make([][]float32, len(labels))
	for i, label := range labels {
		if label < 0 || label >= len(s.Config.Classes) {
			return nil, fmt.Errorf("label %d is not one of %d classes", label, len(s.Config.Classes))
		}
		mixtures[i] = oneOf(len(s.Config.Classes), label)
	}
	return s.SampleMixed(ctx, noise, mixtures)
}

// Ask returns a sampler that shares the program and draws portraits with a class of an attribute. The noise decides the
// class of an attribute that is not requested, so that a noise vector has the same one under every hair colour.
func (s *Sampler) Ask(attribute, class string) (*Sampler, error) {
	for _, a := range s.Config.labels()[1:] {
		if a.Name != attribute {
			continue
		}
		if !slices.Contains(a.Classes, class) {
			return nil, fmt.Errorf("%s cannot be %q: they are %s", attribute, class, strings.Join(a.Classes, ", "))
		}
		asking := *s
		asking.asked = maps.Clone(s.asked)
		if asking.asked == nil {
			asking.asked = map[string]string{}
		}
		asking.asked[attribute] = class
		return &asking, nil
	}
	if len(s.Config.Attributes) == 0 {
		return nil, fmt.Errorf("the generator has no attribute %q: it was trained with hair colours alone "+
			"(--set attributes=… trains one with more)", attribute)
	}
	return nil, fmt.Errorf(
		"the generator has no attribute %q; it has %s", attribute, strings.Join(s.Config.Attributes, ", "),
	)
}

// withAttributes appends the attributes to the shares of the hair colours: those requested, or else as the noise
// decides.
func (s *Sampler) withAttributes(noise, mixture []float32) ([]float32, error) {
	attributes := s.Config.labels()[1:]
	if len(attributes) == 0 || len(mixture) != len(s.Config.Classes) {
		return mixture, nil
	}
	bits := fnv.New64()
	if err := binary.Write(bits, binary.LittleEndian, noise); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(bits.Sum64(), 0))
	all := slices.Clone(mixture)
	for _, a := range attributes {
		class := rng.IntN(len(a.Classes))
		if asked, ok := s.asked[a.Name]; ok {
			class = slices.Index(a.Classes, asked)
		}
		all = append(all, oneOf(len(a.Classes), class)...)
	}
	return all, nil
}

// SampleMixed draws a portrait for each noise vector, in a mixture of the classes: a share of each. G was only trained
// with one share of 1. The attributes are as in [Sampler.Ask], unless their shares follow (Miyato & Koyama 2018,
// section 4.1, "category morphing").
func (s *Sampler) SampleMixed(ctx context.Context, noise, mixtures [][]float32) ([]*image.RGBA, error) {
	if len(noise) != len(mixtures) {
		return nil, fmt.Errorf("%d noise vectors, but %d labels", len(noise), len(mixtures))
	}
	pictures := make([]*image.RGBA, 0, len(noise))
	for start := 0; start < len(noise); start += sampleBatch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		end := min(start+sampleBatch, len(noise))
		batch, err := s.sampleBatch(noise[start:end], mixtures[start:end])
		if err != nil {
			return nil, fmt.Errorf("sample portraits %d to %d: %w", start, end-1, err)
		}
		pictures = append(pictures, batch...)
	}
	return pictures, nil
}

// Pairs are portraits of a generator and training pictures of the same classes.
type Pairs struct {
	Classes         []string
	Generated, Real []*image.RGBA
}

// Pairs draws n portraits, at most one per class, of classes spread over all, and finds the first real picture of each.
func (s *Sampler) Pairs(ctx context.Context, seed uint64, n int) (pairs Pairs, err error) {
	set, err := s.Config.openRun(ctx, s.dir, nil)
	if err != nil {
		return pairs, err
	}
	labels := make([]int, min(n, len(s.Config.Classes)))
	for i := range labels {
		labels[i] = i * len(s.Config.Classes) / len(labels)
		pairs.Classes = append(pairs.Classes, s.Config.Classes[labels[i]])
		picture, err := firstOf(ctx, set, labels[i], s.Config.Size)
		if err != nil {
			return pairs, err
		}
		pairs.Real = append(pairs.Real, picture)
	}
	pairs.Generated, err = s.Sample(ctx, s.Config.DrawNoise(seed, len(labels)), labels)
	return pairs, err
}

// firstOf returns the first readable picture with a label.
func firstOf(ctx context.Context, set dataset.Set, label, size int) (*image.RGBA, error) {
	err := errors.New("there is none")
	for i := range set.Len() {
		if set.Label(i, 0) != label {
			continue
		}
		var picture *image.RGBA
		if picture, err = set.Picture(ctx, i, size); err == nil || ctx.Err() != nil {
			return picture, err
		}
	}
	return nil, fmt.Errorf("find a picture of %s: %w", dataset.Classes(set)[label], err)
}

// sampleBatch draws up to sampleBatch portraits; the rest of the batch is drawn and discarded.
func (s *Sampler) sampleBatch(noise, mixtures [][]float32) ([]*image.RGBA, error) {
	classes := s.Config.conditionWidth()
	flatNoise, flatMixtures := make([]float32, sampleBatch*s.Config.Noise), make([]float32, sampleBatch*classes)
	for i, vector := range noise {
		if len(vector) != s.Config.Noise {
			return nil, fmt.Errorf("noise vector has length %d, not %d", len(vector), s.Config.Noise)
		}
		mixture, err := s.withAttributes(vector, mixtures[i])
		if err != nil {
			return nil, err
		}
		if len(mixture) != classes {
			return nil, fmt.Errorf("%d shares of %d classes", len(mixture), classes)
		}
		copy(flatNoise[i*s.Config.Noise:], vector)
		copy(flatMixtures[i*classes:], mixture)
	}
	output, err := s.exec.Call(
		tensors.FromFlatDataAndDimensions(flatNoise, sampleBatch, s.Config.Noise),
		tensors.FromFlatDataAndDimensions(flatMixtures, sampleBatch, classes))
	if err != nil {
		return nil, err
	}
	values, err := tensors.CopyFlatData[float32](output[0])
	if err != nil {
		return nil, err
	}
	pictures := make([]*image.RGBA, len(noise))
	size := s.Config.Size
	for i := range pictures {
		pictures[i] = imaging.FromValues(values[i*size*size*3:], size, size)
	}
	return pictures, nil
}
