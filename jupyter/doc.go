// Package jupyter runs notebooks without a browser. It reads a notebook, starts the kernel named in it, sends the cells
// one by one over Jupyter's messaging protocol, and collects their output:
//
//	nb, err := jupyter.Read("hair_colour.ipynb")
//	...
//	err = nb.SetParameters(map[string]jupyter.Value{"steps": jupyter.Argument("200")})
//	...
//	runErr := jupyter.Run(ctx, nb, jupyter.Options{Dir: "notebooks"})
//	err = nb.Write("hair_colour.executed.ipynb") // even if runErr is not nil: the notebook holds the traceback
//	err = jupyter.WriteHTML("hair_colour.executed.html", nb)
//
// Any kernel installed for Jupyter will do. [EnsureTools] and [InstallKernel] install this project's kernel: GoNB, with
// this module available for import. [Lab] opens the same notebooks in JupyterLab.
//
// A Go cell that displays something must end with gonbui.Sync(), or with a function that calls it. GoNB runs each cell
// as a program and drops whatever the program displayed just before it exited.
package jupyter
