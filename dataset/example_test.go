package dataset_test

import (
	"context"
	"fmt"

	"github.com/moelab/moelab/dataset"
)

func ExampleNewLoader() {
	set := dataset.Drawn(1, 1000)
	loader, err := dataset.NewLoader(set, dataset.LoaderOptions{Size: 32, Batch: 4, Seed: 1, Flip: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loader.Close()
	for range 3 {
		batch, err := loader.Next(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.N, "pictures,", len(batch.Pictures), "values,", len(batch.Labels), "labels")
		batch.Release()
	}
	fmt.Println("next is batch", loader.Position())
	// Output:
	// 4 pictures, 12288 values, 4 labels
	// 4 pictures, 12288 values, 4 labels
	// 4 pictures, 12288 values, 4 labels
	// next is batch 3
}
