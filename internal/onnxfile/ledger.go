package onnxfile

import (
	"fmt"
	"hash/fnv"
)

// length is a number that follows the length of an axis: times·axis/over + plus. over is 0 for a constant. err says why
// it is neither; it matters only if the network's outputs need the number.
type length struct {
	axis              int
	times, over, plus int
	err               error
}

// ledger notes all numbers of a network that may follow the length of an input's axis, in the order in which they come
// up. From traces with other lengths it finds out which ones do.
type ledger struct {
	now    []int
	traces [][]int // One with each axis long, and one with all at their longest.
	axes   []Axis  // Set for the last trace: the ones before only take notes.
}

// next ends a trace.
func (l *ledger) next() { l.traces, l.now = append(l.traces, l.now), nil }

// length returns what a number follows.
func (l *ledger) length(number int) length {
	i := len(l.now)
	l.now = append(l.now, number)
	found := length{plus: number}
	if l.axes == nil {
		return found
	}
	for at, axis := range l.axes {
		if i >= len(l.traces[at]) {
			return length{err: fmt.Errorf("%w, %q: there are other operations", ErrLength, axis.name)}
		}
		change := l.traces[at][i] - number
		if change == 0 {
			continue
		}
		if found.over != 0 {
			return length{err: fmt.Errorf("%w: a number follows %q and %q", ErrLength, l.axes[found.axis].name, axis.name)}
		}
		step := (long - short) * axis.size
		divisor := greatest(change, step)
		found = length{axis: at, times: change / divisor, over: step / divisor}
		found.plus = number - found.at(short*axis.size)
	}
	want := number
	if found.over != 0 {
		want = found.at(longest * l.axes[found.axis].size)
	}
	if all := l.traces[len(l.axes)]; i >= len(all) || all[i] != want {
		return length{err: fmt.Errorf("%w: a number is not proportional to it", ErrLength)}
	}
	return found
}

// at returns the number for a length of the axis.
func (l length) at(axis int) int { return l.times*axis/l.over + l.plus }

// constant notes values. It returns an error if they follow any length.
func (l *ledger) constant(data []byte) error {
	hash := fnv.New32()
	hash.Write(data)
	if found := l.length(int(hash.Sum32())); found.err != nil || found.over != 0 {
		return fmt.Errorf("%w: it has a constant that does", ErrLength)
	}
	return nil
}

// named describes lengths for a reader: "4*height".
func (l *ledger) named(lengths []length) (dims []dim) {
	for _, length := range lengths {
		if length.over == 0 {
			dims = append(dims, dim{length: length.plus})
			continue
		}
		name := l.axes[length.axis].name
		if length.times != 1 {
			name = fmt.Sprintf("%d*%s", length.times, name)
		}
		if length.over != 1 {
			name += fmt.Sprintf("/%d", length.over)
		}
		if length.plus != 0 {
			name += fmt.Sprintf("%+d", length.plus)
		}
		dims = append(dims, dim{name: name})
	}
	return dims
}

// greatest returns the greatest common divisor, which is positive.
func greatest(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}
