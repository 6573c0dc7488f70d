// Package sweep runs one experiment many times: each combination of some settings, with several seeds. A sweep is a
// folder:
//
//	sweep.json          the specification
//	cells/NAME/         a run directory for each combination and seed
//	logs/NAME.log       what its processes said
//	results/NAME.json   how it ended, and its measures
//	results.csv         a row for each cell
//	report.html         the measures with their spread, the comparison that was asked for, and its verdict
//	slurm.sbatch        templates of what Slurm and Kubernetes are told, if a cluster runs the cells
//	k8s.yaml
//	slurm.json          the jobs that Slurm was given
//
// Hosts may share the folder. A cell is run by one process at a time, which locks its log; results are whole files. The
// locks are flock(2)'s: package lockfile says on which file systems they hold.
//
// Each cell is a process of its own, so a crash is a row of the table and not the end. An interrupted sweep goes on; a
// specification with more values adds cells and keeps the others.
package sweep
