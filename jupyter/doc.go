// Package jupyter runs notebooks without a browser. It reads a notebook, starts the kernel that the notebook names, sends it
// the cells one after the other by Jupyter's messaging protocol, and collects what they print and draw:
//
//	nb, err := jupyter.Read("hair_colour.ipynb")
//	...
//	err = nb.SetParameters(map[string]string{"steps": "200"})
//	...
//	runErr := jupyter.Run(ctx, nb, jupyter.Options{Dir: "notebooks"})
//	err = nb.Write("hair_colour.executed.ipynb") // also after an error: the notebook holds the traceback
//	err = jupyter.WriteHTML("hair_colour.executed.html", nb)
//
// Any kernel will do that is installed for Jupyter. [EnsureTools] and [InstallKernel] put the kernel of this project in place,
// which is GoNB with this module in sight, and [Lab] opens the same notebooks in JupyterLab.
//
// A Go cell that displays something must end with gonbui.Sync(), or do so through a function that calls it: GoNB runs each
// cell as a program, and drops what a program displayed just before its end.
package jupyter
