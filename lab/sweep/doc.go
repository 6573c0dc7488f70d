// Package sweep runs one experiment many times: each combination of some settings, with several seeds. A sweep is a
// folder:
//
//	sweep.json          the specification
//	cells/NAME/         a run directory for each combination and seed
//	logs/NAME.log       what its processes said
//	results/NAME.json   how it ended, and its measures
//	results.csv         a row for each cell
//	report.html         the measures with their spread, the comparison that was asked for, and its verdict
//
// Each cell is a process of its own, so a crash is a row of the table and not the end. An interrupted sweep goes on; a
// specification with more values adds cells and keeps the others.
package sweep
