package dataset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset/portrait"
)

// Attribute is something that is known of pictures beside their class, such as the colour of the eyes.
type Attribute struct {
	Name string
	// Classes are its values, in the order of their labels.
	Classes []string
}

// Attributes are those that moelab knows, the drawn portraits' own: eyes, length and style, the last two of the hair.
func Attributes() []Attribute {
	return []Attribute{{"eyes", portrait.EyeColours()}, {"length", portrait.HairLengths()}, {"style", portrait.HairStyles()}}
}

// FindAttributes finds attributes that moelab knows by their names.
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

// attributeOf is the class of attribute a of a drawn portrait, as a name.
func attributeOf(p portrait.Params, name string) string {
	switch name {
	case "eyes":
		return p.EyeColour()
	case "length":
		return p.HairLength()
	default:
		return p.HairStyle()
	}
}

// places are where in a set's attributes those of some names are.
func places(set Set, names []string) (found []int, err error) {
	for _, name := range names {
		i := slices.IndexFunc(set.Attributes(), func(a Attribute) bool { return a.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("the pictures have no attribute %q: a labels.csv needs a column of that name", name)
		}
		found = append(found, i)
	}
	return found, nil
}

// ByAttribute is a set whose classes are those of an attribute: the pictures of which it is known.
func ByAttribute(set Set, name string) (Set, error) {
	at, err := places(set, []string{name})
	if err != nil {
		return nil, err
	}
	found := byAttribute{subset{set: set}, at[0]}
	for i := range set.Len() {
		if set.Attribute(i, at[0]) >= 0 {
			found.indices = append(found.indices, i)
		}
	}
	return found, nil
}

// byAttribute is a set that is seen from one of its attributes.
type byAttribute struct {
	subset
	attribute int
}

func (b byAttribute) Classes() []string { return b.set.Attributes()[b.attribute].Classes }
func (b byAttribute) Label(i int) int   { return b.set.Attribute(b.indices[i], b.attribute) }
