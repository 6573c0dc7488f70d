package dataset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset/portrait"
)

// Attribute is a property of pictures, such as the colour of the hair or of the eyes.
type Attribute struct {
	Name string
	// Classes are its values, in the order of their labels.
	Classes []string
}

// Colour is the name of the first attribute of a [Set]: for portraits the colour of the hair.
const Colour = "colour"

// Attributes are the known attributes other than the colour of the hair: the colour of the eyes, and the length and
// style of the hair.
func Attributes() []Attribute {
	return []Attribute{
		{"eyes", portrait.EyeColours()},
		{"length", portrait.HairLengths()},
		{"style", portrait.HairStyles()},
	}
}

// FindAttributes finds known attributes by name.
func FindAttributes(names []string) (found []Attribute, err error) {
	all := Attributes()
	for _, name := range names {
		i := slices.IndexFunc(all, func(a Attribute) bool { return a.Name == name })
		if i < 0 {
			known := make([]string, len(all))
			for i, a := range all {
				known[i] = a.Name
			}
			return nil, fmt.Errorf("there is no attribute %q; there are %s", name, strings.Join(known, ", "))
		}
		found = append(found, all[i])
	}
	return found, nil
}

// attributeOf returns the name of a drawn portrait's class for an attribute.
func attributeOf(p portrait.Params, name string) string {
	switch name {
	case Colour:
		return p.Colour.String()
	case "eyes":
		return p.EyeColour()
	case "length":
		return p.HairLength()
	default:
		return p.HairStyle()
	}
}

// places returns the indices of the named attributes in a set's labels.
func places(set Set, names []string) (found []int, err error) {
	for _, name := range names {
		i := slices.IndexFunc(set.Labels(), func(a Attribute) bool { return a.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("the pictures have no attribute %q: a labels.csv needs a column of that name", name)
		}
		found = append(found, i)
	}
	return found, nil
}

// ByAttribute returns the pictures with a known value of an attribute, as a set whose classes are the attribute's.
func ByAttribute(set Set, name string) (Set, error) {
	at, err := places(set, []string{name})
	if err != nil {
		return nil, err
	}
	found := relabelled{
		subset{set: set},
		[]Attribute{set.Labels()[at[0]]},
		func(i, _ int) int { return set.Label(i, at[0]) },
	}
	for i := range set.Len() {
		if set.Label(i, at[0]) >= 0 {
			found.indices = append(found.indices, i)
		}
	}
	return found, nil
}

// WithoutEmpty returns a set without its empty classes.
func WithoutEmpty(set Set) Set {
	counts := make([]int, len(Classes(set)))
	all := make([]int, set.Len())
	for i := range all {
		all[i] = i
		counts[set.Label(i, 0)]++
	}
	labels := slices.Clone(set.Labels())
	number := make([]int, len(counts)) // The new index of each class that stays.
	var kept []string
	for class, n := range counts {
		number[class] = len(kept)
		if n > 0 {
			kept = append(kept, labels[0].Classes[class])
		}
	}
	labels[0].Classes = kept
	return relabelled{subset{set, all}, labels, func(i, a int) int {
		if a == 0 {
			return number[set.Label(i, 0)]
		}
		return set.Label(i, a)
	}}
}

// relabelled is a subset of a set's pictures, with other labels.
type relabelled struct {
	subset
	labels []Attribute
	label  func(i, a int) int // Of picture i of the whole set.
}

func (r relabelled) Labels() []Attribute { return r.labels }
func (r relabelled) Label(i, a int) int  { return r.label(r.indices[i], a) }
