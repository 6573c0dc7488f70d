// Package plots draws the pictures of an experiment: loss curves, labelled grids of images, confusion matrices,
// histograms, bars, optical flow and films.
//
// Each kind of picture is a plain struct whose Figure method checks it and draws it. Show the Figure in a GoNB
// notebook, or save it together with its numbers:
//
//	figure, err := plots.Curves{
//		Title: "Losses",
//		X:     "step",
//		Y:     "hinge loss",
//		Series: []plots.Series{
//			{Name: "discriminator", Steps: steps, Values: lossD},
//			{Name: "generator", Steps: steps, Values: lossG},
//		},
//		Smooth: 0.95,
//	}.Figure()
//	if err != nil {
//		return err
//	}
//	err = figure.Save("run/figures/losses.png")  // or losses.svg
//	err = figure.SaveCSV("run/figures/losses.csv")
//	err = figure.Show() // inline, in a notebook
//
// Lengths are in points, each one pixel of a web page. By default figures are at most 900 points wide, the width of a
// notebook. They are drawn at two pixels per point to stay sharp on dense screens. The colours are those of Okabe and
// Ito, which colour-blind readers can tell apart.
package plots
