package collect_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/collect"
	"github.com/moelab/moelab/dataset"
)

// Portraits that are cut out already get a labels.csv with their hair colours, as the pictures show them.
func ExampleTag() {
	dir, err := os.MkdirTemp("", "portraits-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	if err := dataset.Draw(ctx, dir, 9, 64, 1, nil); err != nil {
		log.Fatal(err)
	}
	tagged, err := collect.Tag(ctx, dir, collect.Options{By: []string{collect.ByLook}})
	if err != nil {
		log.Fatal(err)
	}
	if err := tagged.Save(filepath.Join(dir, "labels.csv"), true); err != nil {
		log.Fatal(err)
	}
	fmt.Println(tagged)
	// Output:
	// 9 portraits of 9 faces in 9 pictures: blonde 1, brown 1, black 1, blue 1, pink 1, purple 1, green 1, red 1, silver 1
	// as the folder says itself: 9 of 9 (100.0 %)
}

// A folder of 16 frames is one clip as it is; the eyes are found.
func ExampleCutBlinks() {
	dir, err := os.MkdirTemp("", "films-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	if err := dataset.DrawBlinks(ctx, filepath.Join(dir, "drawn"), 1, 64, 1, nil); err != nil {
		log.Fatal(err)
	}
	film, out := filepath.Join(dir, "drawn", "000000"), filepath.Join(dir, "blinks")
	blinks, err := collect.CutBlinks(ctx, []string{film}, out, collect.BlinkOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, blink := range blinks {
		fmt.Println(filepath.Base(blink.Dir), len(blink.Eyes), "eyes; the whole clip:", blink.Whole)
	}
	// Output:
	// 000000_001 2 eyes; the whole clip: true
}

// Somebody else's blink, for a portrait to follow.
func ExampleFindReference() {
	dir, err := os.MkdirTemp("", "friend-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	if err := dataset.DrawBlinks(ctx, dir, 1, 64, 1, nil); err != nil {
		log.Fatal(err)
	}
	note := func(text string) { fmt.Println(text) } // Of other frame rates.
	reference, err := collect.FindReference(ctx, filepath.Join(dir, "000000"), note)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(reference.Frames), "frames,", len(reference.Eyes), "eyes")
	// Output:
	// 16 frames, 2 eyes
}
