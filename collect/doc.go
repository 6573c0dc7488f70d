// Package collect makes a dataset of a person's own pictures: portraits by hair colour, as [dataset.OpenFolder] reads them.
//
//	report, err := collect.Import(ctx, finder, "illustrations", "portraits", collect.Options{})
//
// [Import] finds the faces in a folder of illustrations and cuts them out, [Tag] takes pictures that show one face each as they are. Both ask the same sources
// for the hair colour, one after the other: what the folder says itself, the tags beside a picture, the hair in the picture. What has none of the nine colours,
// and what is there already, is left out, and the report says why.
//
// The files: import.go goes through the pictures, crop.go cuts faces out, duplicate.go knows pictures again, sources.go asks for the hair colour, tag.go is
// [Tag], parallel.go does several pictures at once, journal.go remembers what is done so that an interrupted import goes on, report.go tells a person.
package collect
