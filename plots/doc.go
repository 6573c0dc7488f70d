// Package plots draws the pictures of an experiment: loss curves, grids of images with labels, confusion matrices,
// histograms and bars.
//
// Each kind of picture is a plain struct that says what to draw. Its Figure method checks it and draws it; the Figure is
// then shown in a GoNB notebook or saved, with the numbers behind it beside it:
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
// Lengths are in points; a point is one pixel of a web page. Figures are at most 900 points wide unless asked for, which is
// the width of a notebook, and are drawn with two pixels a point so that they stay sharp on a dense screen.
// Colours are those of Okabe and Ito, which colour-blind readers can tell apart.
package plots
