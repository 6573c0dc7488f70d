package gan

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func withAttributes(t *testing.T, settings ...string) Config {
	t.Helper()
	return preset(t, "smoke", append([]string{`attributes=["eyes","length"]`}, settings...)...)
}

func TestConditionIsAOneHotVectorOfEachAttribute(t *testing.T) {
	config := withAttributes(t)
	labels := tensors.FromFlatDataAndDimensions([]int32{2, 7, 0, 8, -1, 2}, 2, 3) // The second picture's eyes are unknown.
	vectors := evaluate(t, func(x []*Node) []*Node { return []*Node{config.oneHot(x[0], dtypes.Float64)} }, labels)[0]
	want := make([]float64, 2*(9+8+3))
	want[2], want[9+7], want[9+8+0] = 1, 1, 1
	want[20+8], want[20+9+8+2] = 1, 1
	assert.Equal(t, want, vectors)
}

func TestUnknownAttributesHaveNoPartInTheClassification(t *testing.T) {
	config := withAttributes(t)
	logits := gaussian(3, 2*20)
	value := func(labels ...int32) float64 {
		return evaluate(t, func(x []*Node) []*Node {
			return []*Node{config.classification(x[0], config.oneHot(x[1], x[0].DType()))}
		}, tensors.FromFlatDataAndDimensions(logits, 2, 20), tensors.FromFlatDataAndDimensions(labels, 2, 3))[0][0]
	}
	whole, without := value(2, 7, 0, 8, 1, 2), value(2, 7, 0, 8, -1, 2)
	alone := evaluate(t, func(x []*Node) []*Node {
		part := Slice(x[0], AxisRange(1, 2), AxisRange(9, 17))
		class := OneHot(Const(x[0].Graph(), []int32{1}), 8, x[0].DType())
		return []*Node{MulScalar(Classification(part, class), 0.5)} // The mean is over both pictures.
	}, tensors.FromFlatDataAndDimensions(logits, 2, 20))[0][0]
	assert.InDelta(t, alone, whole-without, 1e-9)
}

// conditionSum is a D that sees nothing but the conditions: its score is 0.2 times the sum of their vector.
var conditionSum = Network{
	Generator: oneWeight.Generator,
	Discriminator: func(scope *model.Scope, _ Config, x, oneHot *Node) Verdict {
		w := scope.VariableWithValue("w", float32(0.2)).NodeValue(x.Graph())
		return Verdict{Score: Mul(ReduceSum(oneHot, 1), w)}
	},
}

func TestDIsToldNoMoreOfGeneratedPicturesThanOfRealOnes(t *testing.T) {
	config := withAttributes(t, "size=8", "batch=3", "noise=2", "penalty=none", "discriminator_steps=1", "average_decay=0")
	for _, c := range []struct {
		real []int32
		want float64 // D's loss, max(0, 1 − 0.2·n) + max(0, 1 + 0.2·n) where n labels of each picture are known.
	}{
		{[]int32{1, 2, 0, 8, 7, 2, 4, 0, 1}, 2},
		{[]int32{1, -1, -1, 8, -1, -1, 4, -1, -1}, 2},
		{[]int32{1, -1, 0, 8, 7, -1, 4, -1, -1}, 2},
	} {
		exec, err := model.NewExec(backendOf(t, openGo), model.NewStore(), func(scope *model.Scope, x []*Node) []*Node {
			return Iteration(
				scope, config, conditionSum, Inputs{Pictures: x[0], Labels: x[1], Noise: x[2], FakeLabels: x[3], Uniform: x[0]},
			)
		})
		require.NoError(t, err)
		defer exec.Finalize()
		outputs, err := exec.Call(
			tensors.FromShape(shapes.Make(dtypes.Float32, 1, 3, 8, 8, 3)), tensors.FromFlatDataAndDimensions(c.real, 1, 3, 3),
			tensors.FromShape(shapes.Make(dtypes.Float32, 2, 3, 2)), tensors.FromShape(shapes.Make(dtypes.Int32, 2, 3, 3)),
		)
		require.NoError(t, err)
		assert.InDelta(t, c.want, float64(tensors.ToScalar[float32](outputs[0])), 1e-6, c.real)
	}
}

func TestEveryConditioningLearnsAttributes(t *testing.T) {
	for conditioning, norm := range map[string]string{
		ConditionProjection: normConditional,
		ConditionInput:      normPlain,
		ConditionHidden:     normConditional,
		ConditionACGAN:      normPlain,
	} {
		config := withAttributes(
			t, "conditioning="+conditioning, "generator_norm="+norm, "generator_channels=2", "discriminator_channels=2",
			"batch=2", "discriminator_steps=1",
		)
		summary, err := Train(
			t.Context(), filepath.Join(t.TempDir(), "run"), config, lab.TrainOptions{Backend: backendOf(t, openXLA)},
		)
		require.NoError(t, err, "%s %s", conditioning, norm)
		assert.Equal(t, config.Steps, summary.Step)
	}
}

func TestSamplerDrawsTheAttributesThatAreAskedFor(t *testing.T) {
	backend, dir := backendOf(t, openXLA), filepath.Join(t.TempDir(), "run")
	config := withAttributes(t, "steps=12", "learning_rate=0.01", "average_decay=0")
	_, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: backend})
	require.NoError(t, err)
	sampler, err := Open(backend, dir)
	require.NoError(t, err)
	defer sampler.Close()

	noise := config.DrawNoise(1, 1)
	draw := func(s *Sampler) []uint8 {
		pictures, err := s.Sample(t.Context(), noise, []int{0})
		require.NoError(t, err)
		return pictures[0].Pix
	}
	asking := func(s *Sampler, attribute, class string) *Sampler {
		s, err := s.Ask(attribute, class)
		require.NoError(t, err)
		return s
	}
	usual := draw(sampler)
	assert.Equal(t, usual, draw(sampler), "the noise decides attributes not asked for")
	eyes := map[string]bool{}
	same := 0
	for _, class := range dataset.Attributes()[0].Classes {
		picture := draw(asking(sampler, "eyes", class))
		eyes[string(picture)] = true
		if string(picture) == string(usual) {
			same++
		}
	}
	assert.Len(t, eyes, 8, "each colour of the eyes is another picture")
	assert.Equal(t, 1, same, "one of them is that which the noise decides")
	assert.Equal(
		t, draw(asking(asking(sampler, "eyes", "red"), "length", "long")),
		draw(asking(asking(sampler, "length", "long"), "eyes", "red")),
	)
	assert.Equal(t, usual, draw(sampler), "asking changes nothing of the sampler itself")

	_, err = sampler.Ask("eyes", "plaid")
	assert.ErrorContains(t, err, `eyes cannot be "plaid": they are blue, green`)
	_, err = sampler.Ask("shoes", "red")
	assert.ErrorContains(t, err, `no attribute "shoes"; it has eyes, length`)
	shipped, err := OpenShipped(backend)
	require.NoError(t, err)
	defer shipped.Close()
	_, err = shipped.Ask("eyes", "red")
	assert.ErrorContains(t, err, "trained with hair colours alone")

	figure, err := AttributesFigure(t.Context(), sampler, 1, "blonde")
	require.NoError(t, err)
	assert.NotNil(t, figure)
	_, err = AttributesFigure(t.Context(), shipped, 1, "blonde")
	assert.ErrorIs(t, err, lab.ErrLacks)

	evaluation, err := Evaluate(t.Context(), backend, dir, lab.EvaluateOptions{Number: 18, Seed: 1})
	require.NoError(t, err)
	require.Len(t, evaluation.Attributes, 2)
	assert.Equal(t, "length", evaluation.Attributes[1].Name)
	assert.InDelta(t, 1.0/3, evaluation.Attributes[1].Chance, 1e-12)
	assert.Greater(t, evaluation.Attributes[1].JudgeAccuracy, 0.5, "the judge learns what can be seen at 16×16 pixels")
	assert.Contains(t, evaluation.String(), "asked-for eyes: ")
}

func TestAttributesThatCannotBeAreRefused(t *testing.T) {
	config := withAttributes(t)
	config.Attributes = []string{"eyes", "eyes"}
	assert.ErrorContains(t, config.Validate(), `attribute "eyes" is listed twice`)
	config.Attributes = []string{"shoes"}
	assert.ErrorContains(t, config.Validate(), `no attribute "shoes"`)

	dir := filepath.Join(t.TempDir(), "drawn")
	require.NoError(t, dataset.Draw(t.Context(), dir, 18, 16, 1, nil))
	config = withAttributes(t, "data="+dir)
	_, err := Train(
		t.Context(), filepath.Join(t.TempDir(), "run"), config, lab.TrainOptions{Backend: backendOf(t, openXLA)},
	)
	assert.NoError(t, err, "a drawn folder says its attributes")
}

func TestRunsFromBeforeAttributesGoOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	config := preset(t, "smoke", "batch=2")
	_, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: backendOf(t, openXLA)})
	require.NoError(t, err)
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	before := regexp.MustCompile(`\s*"attributes": \[\],|,\s*"crc32": "\w+"`).ReplaceAll(data, nil)
	require.Less(t, len(before), len(data))
	require.NoError(t, os.WriteFile(path, before, 0o644))
	config.Steps++
	summary, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: backendOf(t, openXLA)})
	require.NoError(t, err)
	assert.Equal(t, config.Steps, summary.Step)
}
