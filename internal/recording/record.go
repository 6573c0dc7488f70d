package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// recording holds a hash or the values of each file of each case.
type recording map[string]map[string]string

// values returns the number of recorded values.
func (r recording) values() (n int) {
	for _, files := range r {
		n += len(files)
	}
	return n
}

// differences lists the values that are missing in another recording, new there, or different.
func (r recording) differences(other recording) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(union(r, other))) {
		for _, file := range slices.Sorted(maps.Keys(union(r[name], other[name]))) {
			if a, b := r[name][file], other[name][file]; a != b {
				lines = append(lines, fmt.Sprintf("%s: %s is %q, was %q", name, file, b, a))
			}
		}
	}
	return lines
}

// union returns the entries of both maps.
func union[V any](a, b map[string]V) map[string]V {
	all := map[string]V{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// step is a command line of a case, run in the common folder.
type step []string

// testCase is a recorded case: some commands, and the folder that they fill.
type testCase struct {
	name  string
	steps []step
	slow  bool // It takes the pure-Go backend more than a few seconds.
}

// trained returns a case that trains for 20 steps.
func trained(kind, name, preset string, settings ...string) testCase {
	line := step{"train", kind, "--preset", preset, "--steps", "20", "--save-every", "10", "--run", kind + "/" + name}
	for _, setting := range settings {
		line = append(line, "--set", setting)
	}
	return testCase{name: kind + "/" + name, steps: []step{line}}
}

// cases are recorded in this order: later cases use the files of earlier ones in the common folder.
func cases() (all []testCase) {
	add := func(name string, steps ...step) { all = append(all, testCase{name: name, steps: steps}) }
	addSlow := func(name string, steps ...step) { all = append(all, testCase{name, steps, true}) }
	add("drawn",
		step{"data", "draw", "-n", "180", "--size", "32", "--out", "drawn/portraits"},
		step{"data", "draw", "-n", "2", "--size", "64", "--blink", "--out", "drawn/blinks"},
		step{"data", "draw", "-n", "3", "--size", "96", "--illustration", "--out", "drawn/illustrations"})

	for _, network := range []string{"smoke", "smoke-srresnet"} {
		for _, conditioning := range []string{"projection", "input", "hidden", "ac-gan"} {
			all = append(all, trained("gan", network+"-"+conditioning, network, "conditioning="+conditioning))
		}
	}
	all = append(all,
		trained("gan", "attributes", "smoke", `attributes=["eyes","length"]`, "conditioning=ac-gan"),
		trained("gan", "attributes-projection", "smoke", `attributes=["style"]`),
		trained("gan", "wgan", "smoke", "loss=wgan", "clip=weights", "spectral_norm=false", "penalty=none"),
		trained("gan", "wgan-gp", "smoke", "loss=wgan", "penalty=wgan-gp", "spectral_norm=false"),
		trained("gan", "non-saturating", "smoke-srresnet", "loss=non-saturating", "penalty=r1", "discriminator_noise=0.1"),
		trained("gan", "excited", "smoke", "squeeze_excitation=true", "generator_norm=plain", "clip=gradients"),
		trained("gan", "folder", "smoke", "data=drawn/portraits"),
		trained("blink", "works", "smoke"))
	for _, failure := range []string{"adversarial", "clipping", "content", "face", "flat", "frozen"} {
		all = append(all, trained("blink", failure, "smoke-"+failure))
	}
	for _, sr := range []testCase{
		trained("sr", "esrgan", "smoke"),
		trained("sr", "srgan", "smoke-srgan"),
		trained("sr", "folder", "smoke", "data=drawn/illustrations", "degrade=true", "pixel=l2"),
	} {
		sr.slow = true
		all = append(all, sr)
	}
	all = append(all, trained("blink", "folder", "smoke", "data=drawn/blinks", "vary=true", "hues=1", "from=blink/works"))

	add("resumed", step{"train", "gan", "--run", "resumed/gan", "--preset", "smoke", "--steps", "7"},
		step{"train", "gan", "--run", "resumed/gan", "--steps", "20"})
	add("sample",
		step{"sample", "-n", "2", "--seed", "5", "--colour", "silver,red", "-o", "sample/shipped"},
		step{"sample", "--run", "gan/attributes", "-n", "1", "--attribute", "eyes=green", "-o", "sample/run"},
		step{"sample", "--run", "gan/smoke-srresnet-hidden", "-n", "1", "--raw", "-o", "sample/raw"})
	addSlow("upscale",
		step{"upscale", "drawn/illustrations", "-o", "upscale/folder", "--model", "sr/esrgan"},
		step{"upscale", "drawn/illustrations/000000.png", "-o", "upscale/small.webp", "--model", "sr/srgan",
			"--scale", "2.5", "--tile", "32"})
	addSlow("blink",
		step{"blink", "drawn/blinks/000000/frame_00.png", "-o", "blink_out/shipped.png", "--preview", "none",
			"--eyes", "14,22,15,14", "--eyes", "35,22,15,14"},
		step{"blink", "drawn/blinks/000001/frame_00.png", "-o", "blink_out/run.gif", "--run", "blink/works",
			"--reference", "drawn/blinks/000000", "--frames", "10", "--loop", "--blend", "feather", "--eyes", "20,20,20,20"},
		step{"data", "draw", "-n", "1", "--size", "256", "--seed", "7", "--blink", "--out", "large"},
		step{"blink", "large/000000/frame_00.png", "-o", "blink_out/found.webp", "--reference", "slow"})
	add("flow", step{"flow", "drawn/blinks/000000/frame_00.png", "drawn/blinks/000000/frame_04.png",
		"drawn/blinks/000000/frame_06.png", "-o", "flow"})
	addSlow("import",
		step{"data", "draw", "-n", "4", "--size", "200", "--seed", "3", "--out", "people"},
		step{"data", "import", "people", "--out", "import/portraits", "--size", "64"},
		step{"data", "tag", "drawn/portraits", "--out", "import/tags.csv", "--by", "look"})
	addSlow("eval",
		step{"eval", "gan", "--run", "gan/smoke-projection", "-n", "45"},
		step{"eval", "gan", "--run", "gan/attributes", "-n", "18", "--data", "drawn/portraits"},
		step{"eval", "sr", "--run", "sr/esrgan", "--run", "sr/srgan", "-n", "2", "-o", "eval_sr.json"},
		step{"eval", "blink", "--run", "blink/works", "-n", "2", "-o", "eval_blink.json"})
	// Runs of the commit before the recording began, of every kind.
	add("old",
		step{"sample", "--run", "old/gan", "-n", "1", "-o", "old/sample"},
		step{"eval", "gan", "--run", "old/gan", "-n", "18"},
		step{"train", "gan", "--run", "old/gan", "--steps", "25"},
		step{"upscale", "drawn/blinks/000000/frame_00.png", "-o", "old/upscaled.png", "--model", "old/sr"},
		step{"eval", "sr", "--run", "old/sr", "-n", "1", "-o", "old/eval_sr.json"},
		step{"train", "sr", "--run", "old/sr", "--steps", "25"},
		step{"eval", "blink", "--run", "old/blink", "-n", "1", "-o", "old/eval_blink.json"},
		step{"train", "blink", "--run", "old/blink", "--steps", "25"})
	return all
}

// unpackOld unpacks the old runs of this package into a folder, with the judge in the run of the GAN.
func unpackOld(runs, dir string) error {
	for name, at := range map[string]string{"gan": "gan", "judge": "gan/judge", "sr": "sr", "blink": "blink"} {
		archive, err := zip.OpenReader(filepath.Join(runs, name+".zip"))
		if err != nil {
			return err
		}
		err = os.CopyFS(filepath.Join(dir, filepath.FromSlash(at)), archive)
		if err := errors.Join(err, archive.Close()); err != nil {
			return err
		}
	}
	return nil
}

// filled maps cases to the folders and files that they fill below the common folder, if not those of their names.
var filled = map[string][]string{
	"blink": {"blink_out"}, "eval": {"gan/smoke-projection", "gan/attributes", "eval_sr.json", "eval_blink.json"},
}

// record runs the cases with a build of moelab in a folder that it creates. runs holds the old runs as archives.
func record(ctx context.Context, program, dir, runs, backend string, quick bool) (recording, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := unpackOld(runs, filepath.Join(dir, "old")); err != nil {
		return nil, fmt.Errorf("unpack the old runs: %w", err)
	}
	all := recording{}
	for _, c := range cases() {
		if quick && c.slow {
			continue
		}
		start := time.Now()
		for _, line := range c.steps {
			if err := c.run(ctx, program, dir, backend, line); err != nil {
				return nil, err
			}
		}
		fmt.Fprintf(os.Stderr, "%s: %v\n", c.name, time.Since(start).Round(100*time.Millisecond))
		files := map[string]string{}
		roots := filled[c.name]
		if roots == nil {
			roots = []string{c.name}
		}
		for _, root := range roots {
			if err := describeAll(files, dir, root); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
		}
		all[c.name] = files
	}
	return all, nil
}

// run runs one command line of a case.
func (c testCase) run(ctx context.Context, program, dir, backend string, line step) error {
	if usesBackend(line) {
		line = append(slices.Clone(line), "--backend", backend)
	}
	command := exec.CommandContext(ctx, program, line...)
	command.Dir = dir
	// Weights that are installed on this machine, such as VGG16, would be measured with.
	command.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(dir, "no cache"))
	if backend == "go" {
		// With two CPUs the pure-Go backend of GoMLX v0.28 hung in nearly every training of the commit that was recorded.
		command.Env = append(command.Env, "GOMAXPROCS=1")
	}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: moelab %s: %w: %s", c.name, strings.Join(line, " "), err, output)
	}
	return nil
}

// usesBackend reports whether a command takes the flag --backend.
func usesBackend(line step) bool {
	return !(line[0] == "data" && line[1] == "draw")
}

// describeAll describes a file, or every file below a folder, by its path below dir.
func describeAll(files map[string]string, dir, root string) error {
	return filepath.WalkDir(filepath.Join(dir, root), func(path string, entry fs.DirEntry, err error) error {
		// Locks, and journals that hold times.
		if err != nil || entry.IsDir() || strings.HasSuffix(entry.Name(), ".lock") || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		text, err := describe(path)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if text != "" {
			files[filepath.ToSlash(name)] = text
		}
		return nil
	})
}

// describe describes the contents of a file, without times, versions and prose.
func describe(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	switch name := filepath.Base(path); {
	case name == "report.html": // Prose.
		return "", nil
	case name == "metrics.jsonl":
		return describeMetrics(data)
	case name == "import.jsonl": // The journal of an import, which reads files in any order.
		return describeLines(data, "modified", "from", "about", "crc32", "written", "labels")
	case name == "config.json":
		// Portraits may have hats only since the recording was made.
		data = bytes.ReplaceAll(data, []byte(`    "hats": 0,`), nil)
		return describeJSON(data, "created", "versions", "format", "data", "crc32")
	case name == "state.json":
		return describeJSON(data, "seconds", "sha256", "metrics_bytes", "format", "metrics_sha256", "config")
	case strings.HasSuffix(name, ".json"):
		return describeJSON(data)
	default:
		return fmt.Sprintf("%x", sha256.Sum256(data)), nil
	}
}

// describeMetrics returns the last line's values, and a hash of all lines, without their times.
func describeMetrics(data []byte) (string, error) {
	var last string
	sum := sha256.New()
	for decoder := json.NewDecoder(bytes.NewReader(data)); ; {
		var metric struct {
			Step   int64              `json:"step"`
			Values map[string]float64 `json:"values"`
		}
		err := decoder.Decode(&metric)
		if errors.Is(err, io.EOF) {
			return fmt.Sprintf("%s %x", last, sum.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
		if _, ok := metric.Values["perceptual"]; ok {
			delete(metric.Values, "ranking") // Super-resolution has it only since the recording was made.
		}
		line, err := json.Marshal(metric)
		if err != nil {
			return "", err
		}
		last = string(line)
		sum.Write(line) // It never fails.
	}
}

// describeLines returns a hash of lines of JSON, in any order, without some of the outermost keys.
func describeLines(data []byte, without ...string) (string, error) {
	var lines []string
	for line := range bytes.Lines(data) {
		text, err := describeJSON(line, without...)
		if err != nil {
			return "", err
		}
		if text == "{}" { // What an import wrote, which the files themselves tell.
			continue
		}
		lines = append(lines, text)
	}
	slices.Sort(lines)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n")))), nil
}

// describeJSON returns JSON with its keys in order and without some of the outermost, or its hash if it is long.
func describeJSON(data []byte, without ...string) (string, error) {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return "", err
	}
	if fields, ok := value.(map[string]any); ok {
		for _, name := range without {
			delete(fields, name)
		}
	}
	text, err := json.Marshal(value)
	if len(text) > 300 {
		return fmt.Sprintf("%x", sha256.Sum256(text)), err
	}
	return string(text), err
}
