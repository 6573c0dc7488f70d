// Package collect makes datasets of a person's own pictures and films: portraits by hair colour, as
// [dataset.OpenFolder] reads them, and blinks, as [dataset.OpenBlinks] does.
//
//	report, err := collect.Import(ctx, finder, "illustrations", "portraits", collect.Options{})
//	blinks, err := collect.CutBlinks(ctx, []string{"film.mp4"}, "blinks", collect.BlinkOptions{})
//
// [Import] finds the faces in a folder of illustrations and cuts them out; [Tag] takes pictures that show one face each
// as they are. Both ask the same sources for the hair colour, one after the other: the folder itself, the tags beside a
// picture, a tagger, the hair in the picture. Faces of none of the nine colours, and faces that were met before, are
// left out, and the report says why. [CutBlinks] finds blinks in films and cuts them out; [FindReference] finds one for
// a portrait to follow.
//
// Portraits: import.go goes through the pictures, crop.go frames faces, duplicate.go recognises pictures, sources.go
// asks for the hair colour with the help of tagfile.go, danbooru.go, tagger.go, words.go and look.go, tag.go is [Tag],
// parallel.go does several pictures at once, journal.go records what is done so that an interrupted import goes on, and
// report.go is for a person.
//
// Blinks: film.go opens footage, blink_finder.go searches it for moments (closing.go) at which regions that look like
// eyes (eye_spots.go) change in small frames (soft_frame.go) whose motion (motion.go) does not count, blink.go writes
// them, blink_preview.go draws them, cut_blinks.go is [CutBlinks] and reference.go is [FindReference].
package collect
