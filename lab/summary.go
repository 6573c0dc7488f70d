package lab

import (
	"fmt"
	"time"
)

// String formats the summary on one line: the step, the time to compile, the time of an iteration, and the memory.
func (s Summary) String() string {
	if s.Trained == 0 {
		return fmt.Sprintf("step %d: nothing was left to train", s.Step)
	}
	text := fmt.Sprintf("step %d; compiled in %v, %v a step (%.2f steps/s)", s.Step, s.Compile.Round(100*time.Millisecond),
		s.StepTime().Round(time.Millisecond), float64(time.Second)/float64(s.StepTime()))
	if s.PeakBytes > 0 {
		text += fmt.Sprintf("; peak memory %.1f GiB", float64(s.PeakBytes)/(1<<30))
	}
	return text
}
