package lab_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
)

// points is a source of points to train on, always the same.
type points struct{}

func (points) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	return []*tensors.Tensor{tensors.FromValue([]float32{3, 4})}, ctx.Err()
}

func (points) Close() {}

// A training in a run directory: a vector finds a point by the squared distance. A second call goes on where the first
// one ended.
func ExampleTrain() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "run-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	backend, err := xla.Open(ctx, xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()

	training := lab.Training{
		Backend: backend,
		Metrics: []string{"loss"},
		Open:    func(position int64) (lab.Source, error) { return points{}, nil },
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node {
			point, g := inputs[0], inputs[0].Graph()
			guess := scope.VariableWithShape("guess", shapes.Make(dtypes.Float32, 2)).NodeValue(g)
			loss := ReduceAllSum(Square(Sub(guess, point)))
			optimizer.Adam().LearningRate(0.1).Done().UpdateGraph(scope, g, loss)
			return []*Node{loss}
		},
	}
	run, err := lab.Create(dir, lab.Experiment{Name: "point", Config: struct{}{}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer run.Close()
	for _, steps := range []int64{50, 200} {
		training.Steps = steps
		summary, err := lab.Train(ctx, run, training)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("trained", summary.Trained, "steps, up to", summary.Step)
	}

	steps, losses, err := lab.ReadMetric(dir, "loss")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(steps), "losses; the last one is below 0.1 % of the first:", losses[199] < losses[0]/1000)
	// Output:
	// trained 50 steps, up to 50
	// trained 150 steps, up to 200
	// 200 losses; the last one is below 0.1 % of the first: true
}
