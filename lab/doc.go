// Package lab trains models and keeps the results in a run directory.
//
// A run directory is the state of an experiment. Training fills it; plots, samples, the next notebook cell, another
// process and a resumed training read it:
//
//	run/
//	  config.json        the whole experiment: model, data, optimiser, seed, versions; enough to repeat it
//	  metrics.jsonl      one line per logged step
//	  checkpoints/       step-00001200/{weights.safetensors, state.json}, complete and checksummed; the newest are kept
//	  figures/           pictures, with the numbers behind them as CSV
//	  tensorboard/       event files, if they are asked for
//
// There is one training loop, [Train], for every model. It runs one compiled program per iteration, reads ahead, saves,
// resumes, stops at NaN, and shows its progress:
//
//	run, err := lab.Create("runs/hair", lab.Experiment{Name: "gan", Config: config, Seed: 1})
//	if err != nil { … }
//	defer run.Close()
//	summary, err := lab.Train(ctx, run, lab.Training{Backend: backend, Steps: 4000, Iteration: …, Open: …})
//
// Everything is written under a temporary name, synced and renamed: a file that exists is complete.
package lab
