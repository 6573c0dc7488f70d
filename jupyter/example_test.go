package jupyter_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/moelab/moelab/jupyter"
)

// Read a notebook and list its cells and parameters.
func ExampleRead() {
	nb, err := jupyter.Read("testdata/go.ipynb")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(nb.Cells), "cells in", nb.Language(), "for the kernel", nb.KernelName())
	fmt.Println(nb.Cells[0].Source)

	parameters, err := nb.Parameters()
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range parameters {
		fmt.Printf("%s %s = %s %q\n", p.Name, p.Type, p.Default, p.Comment)
	}
	// Output:
	// 11 cells in go for the kernel moelab
	// # Every kind of output
	//
	// With GoNB.
	// steps int = 3 "Steps of training."
	// name string = "blue" ""
}

// Read a notebook, set a parameter, run it, and print the output of a cell. Write and [jupyter.WriteHTML] would save
// it.
func ExampleRun() {
	nb, err := jupyter.Read("testdata/go.ipynb")
	if err != nil {
		log.Fatal(err)
	}
	if err := nb.SetParameters(map[string]jupyter.Value{"steps": jupyter.Argument("200")}); err != nil {
		log.Fatal(err)
	}
	if err := jupyter.Run(context.Background(), nb, jupyter.Options{Dir: "testdata"}); err != nil {
		log.Fatal(err)
	}
	fmt.Print(nb.Cells[3].Outputs[0].Text)
	// Output: blue 200
}

// Parameters are set by name. An error says what would be right.
func ExampleNotebook_SetParameters() {
	nb, err := jupyter.Read("testdata/go.ipynb")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(nb.SetParameters(map[string]jupyter.Value{"steps": jupyter.Argument("many")}))
	fmt.Println(nb.CheckNames(map[string]jupyter.Value{"colour": jupyter.Argument("green")}))
	fmt.Println(nb.SetParameters(map[string]jupyter.Value{"name": jupyter.Argument("green")}))
	fmt.Println(nb.Cells[2].Source)
	// Output:
	// bad parameter: steps=many: the parameter is of type int, and "many" is not
	// bad parameter: the notebook has no parameter colour; it has: steps int, name string
	// <nil>
	// // Parameters
	// var name string = "green"
}

// Write a notebook as a self-contained page.
func ExampleWriteHTML() {
	nb, err := jupyter.Read("testdata/go.ipynb")
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "page-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "go.html")
	if err := jupyter.WriteHTML(path, nb); err != nil {
		log.Fatal(err)
	}

	page, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "<title>") || strings.HasPrefix(line, "<h1") {
			fmt.Print(line)
		}
	}
	// Output:
	// <title>Every kind of output</title>
	// <h1 id="every-kind-of-output">Every kind of output</h1>
}
