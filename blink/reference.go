package blink

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset"
)

// Reference is a blink that moelab draws, for portraits to follow.
type Reference struct {
	// Name is its name, Title describes how it blinks.
	Name, Title string
	index       int
}

// referenceSeed is the seed of the references, which no preset trains with.
const referenceSeed = 18

// References are the blinks that come with moelab: clips of [dataset.DrawnBlinks] with seed 18, chosen by the way their
// eyes close.
var References = []Reference{
	{"quick", "shut within two frames, at once open again", 10},
	{"slow", "shut for three frames, and slowly open", 24},
	{"half", "the eyes close to a third", 3},
}

// OpenReference draws the reference with a name.
func OpenReference(ctx context.Context, name string) (*dataset.Clip, error) {
	i := slices.IndexFunc(References, func(r Reference) bool { return r.Name == name })
	if i < 0 {
		var names []string
		for _, r := range References {
			names = append(names, r.Name)
		}
		return nil, fmt.Errorf("there is no reference %q; there are %s", name, strings.Join(names, ", "))
	}
	const size = 256
	return dataset.DrawnBlinks(referenceSeed, References[i].index+1, size).Clip(ctx, References[i].index)
}
