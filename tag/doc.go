// Package tag says which of the nine hair colours a picture of a face shows.
//
// Somebody may have said it already: [Beside] reads the tags that lie beside a picture, as image boards and taggers write
// them, [Posts] those of a dump of Danbooru, and [HairColour] takes the hair colour out of them, [Attributes] more. Where nobody did, [Look] measures the hair itself.
//
// The files: names.go knows the words, beside.go and posts.go read what was said, look.go looks.
package tag
