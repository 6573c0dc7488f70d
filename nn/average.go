package nn

import (
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// averageSteps is the name of the variable that counts the steps of [Average].
const averageSteps = "steps"

// Average updates an exponential moving average of all variables below a scope, with their values at this point of the
// graph. The averages are variables of the same names below the scope to. A GAN's generator circles around its best
// weights, and their average is steadier than any of them (Yazıcı et al. 2019). Step t, counted from 0, keeps
// min(decay, t/(10+t)) of the previous average, so that the beginning is soon forgotten.
func Average(from, to *model.Scope, g *Graph, decay float64) {
	t := AddScalar(optimizer.IncrementCounter(to, g, averageSteps, dtypes.Float32), -1)
	keep := MinScalar(Div(t, AddScalar(t, 10)), decay)
	for v := range from.IterVariables() {
		if !v.InUseByGraph(g) || !v.DType().IsFloat() {
			continue
		}
		scope := to
		if below := strings.Trim(strings.TrimPrefix(v.Scope(), from.Scope()), model.ScopeSeparator); below != "" {
			for _, name := range strings.Split(below, model.ScopeSeparator) {
				scope = scope.At("%s", name)
			}
		}
		average := scope.WithInitializer(initializer.Zero).VariableWithShape(v.Name(), v.Shape()).SetTrainable(false)
		share := ConvertDType(keep, v.DType())
		mixed := Add(Mul(share, average.NodeValue(g)), Mul(OneMinus(share), v.NodeValue(g)))
		average.SetNodeValue(StopGradient(mixed))
	}
}
