package lab

// The scopes of a generator's and its discriminator's variables in the checkpoints of a run.
const (
	GeneratorScope     = "generator"
	DiscriminatorScope = "discriminator"
	AverageScope       = "average" // The moving average of the generator's weights.
)

// DrawnScope returns the scope of the weights that draw pictures: the average, if the run keeps one.
func DrawnScope(averageDecay float64) string {
	if averageDecay > 0 {
		return AverageScope
	}
	return GeneratorScope
}
