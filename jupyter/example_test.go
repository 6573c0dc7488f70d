package jupyter_test

import (
	"context"
	"fmt"
	"log"

	"github.com/moelab/moelab/jupyter"
)

// A notebook is read, given a value, run, and looked at. Run would be followed by nb.Write and jupyter.WriteHTML.
func ExampleRun() {
	nb, err := jupyter.Read("testdata/go.ipynb")
	if err != nil {
		log.Fatal(err)
	}
	if err := nb.SetParameters(map[string]string{"steps": "200"}); err != nil {
		log.Fatal(err)
	}
	if err := jupyter.Run(context.Background(), nb, jupyter.Options{Dir: "testdata"}); err != nil {
		log.Fatal(err)
	}
	fmt.Print(nb.Cells[3].Outputs[0].Text)
	// Output: blue 200
}

func ExampleNotebook_SetParameters() {
	nb, err := jupyter.Read("testdata/go.ipynb")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(nb.SetParameters(map[string]string{"steps": "many"}))
	fmt.Println(nb.SetParameters(map[string]string{"colour": "green"}))
	fmt.Println(nb.SetParameters(map[string]string{"name": "green"}))
	fmt.Println(nb.Cells[2].Source)
	// Output:
	// bad parameter: steps=many: the parameter is of type int, and "many" is not
	// bad parameter: the notebook has no parameter colour; it has: steps int, name string
	// <nil>
	// // Parameters
	// var name string = "green"
}
