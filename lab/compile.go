package lab

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
)

// Compile compiles a model with weights, all of which it must have, for inputs of some shapes. The error wraps
// [ErrOtherExperiment] if the weights are those of another model.
func Compile[F model.ExecGraphFn](
	backend compute.Backend, weights Weights, build F, inputs ...shapes.Shape,
) (*model.Exec, error) {
	store := model.NewStore()
	have := weights.shapes()
	weights.Into(store)
	exec, err := model.NewExec(backend, store, build)
	if err != nil {
		return nil, err
	}
	if _, err = exec.Compile(inputs...); err != nil {
		err = misfit(err, backend, have, build, inputs)
	} else {
		err = CheckComplete(store) // Missing weights would be drawn at random.
	}
	if err != nil {
		exec.Finalize()
		return nil, err
	}
	return exec, nil
}

// misfit explains the error of a model that could not be compiled: if one of the weights does not have the model's
// shape, the error names it and wraps [ErrOtherExperiment]. Any other error is returned unchanged.
func misfit[F model.ExecGraphFn](
	err error, backend compute.Backend, have shapesByPath, build F, inputs []shapes.Shape,
) error {
	store := model.NewStore() // The model without the weights.
	exec, newErr := model.NewExec(backend, store, build)
	if newErr != nil {
		return err
	}
	defer exec.Finalize()
	if _, newErr := exec.Compile(inputs...); newErr != nil {
		return err
	}
	if misfit := have.misfit(store); misfit != nil {
		return misfit
	}
	return err
}

// shapesByPath are the shapes of weights by path.
type shapesByPath map[string]shapes.Shape

// shapes returns the shapes of the weights.
func (w Weights) shapes() shapesByPath {
	all := shapesByPath{}
	for path, value := range w {
		all[path] = value.Shape()
	}
	return all
}

// Misfit returns an error that wraps [ErrOtherExperiment] and names the variable, if one of the weights differs in
// shape from the variable of a model that was built without weights.
func (w Weights) Misfit(model *model.Store) error { return w.shapes().misfit(model) }

func (s shapesByPath) misfit(store *model.Store) error {
	for variable := range store.IterVariables() {
		shape, ok := s[strings.TrimPrefix(variable.Path(), model.RootScopePath)]
		if ok && !shape.Equal(variable.Shape()) {
			return fmt.Errorf("%w: variable %q is %s in the checkpoint and %s in the model",
				ErrOtherExperiment, variable.Path(), shape, variable.Shape())
		}
	}
	return nil
}
