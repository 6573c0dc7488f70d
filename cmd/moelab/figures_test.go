package main

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFiguresSRDrawsTheArticlesFigures(t *testing.T) {
	dir := t.TempDir()
	pictures, portraits, out := filepath.Join(dir, "pictures"), filepath.Join(dir, "portraits"), filepath.Join(dir, "out")
	succeed(t, "data", "draw", "-n", "4", "--size", "64", "--out", pictures)
	require.NoError(t, imaging.SavePNG(filepath.Join(pictures, "a_small_one.png"), image.NewRGBA(image.Rect(0, 0, 9, 9))))
	succeed(t, "train", "gan", "--preset", "smoke", "--steps", "1", "--run", portraits)
	args := []string{"figures", "sr", "--data", pictures, "-n", "3", "--portraits", portraits, "-o", out}
	for _, preset := range []string{"smoke", "smoke-srgan"} {
		run := filepath.Join(dir, preset)
		succeed(t, "train", "sr", "--preset", preset, "--run", run, "--data", pictures)
		args = append(args, "--run", run)
	}
	status, said, stderr := moelab(t, args...)
	require.Zero(t, status, stderr)
	assert.Contains(t, stderr, "a_small_one.png: the picture has 9×9 pixels")
	names := []string{
		"restored_1.png", "restored_2.png", "colours.png", "portraits.png",
		"pretraining_1.png", "losses_1.png", "distances_1.png", "pretraining_2.png", "losses_2.png", "distances_2.png",
	}
	for _, name := range names {
		path := filepath.Join(out, name)
		assert.Contains(t, said, path+"\n")
		file, err := os.Open(path)
		require.NoError(t, err)
		_, err = png.Decode(file)
		assert.NoError(t, err, name)
		file.Close()
	}
	for _, name := range []string{"colours.csv", "losses_1.csv"} {
		assert.FileExists(t, filepath.Join(out, name), "the numbers behind the figure")
	}
	numbers, err := os.ReadFile(filepath.Join(out, "colours.csv"))
	require.NoError(t, err)
	for _, name := range []string{"truth", "bicubic", "L1", "ESRGAN", "SRGAN"} {
		assert.Contains(t, string(numbers), ","+name+",")
	}
	assert.NotContains(t, string(numbers), "perceptual", "SRGAN's pretraining is not shown")
	if vgg.Installed() != "" {
		assert.FileExists(t, filepath.Join(out, "features_conv3_3.png"))
	}
}

func TestFiguresGANDrawsTheArticlesFigures(t *testing.T) {
	dir := t.TempDir()
	out, one, other := filepath.Join(dir, "out"), filepath.Join(dir, "one"), filepath.Join(dir, "other")
	succeed(t, "train", "gan", "--preset", "smoke", "--steps", "2", "--sample-every", "1", "--run", one)
	succeed(
		t, "train", "gan", "--preset", "smoke-srresnet", "--steps", "2", "--sample-every", "0", "--set", "penalty=none",
		"--set", "average_decay=0", "--run", other,
	)
	said := succeed(t, "figures", "gan", "--run", one, "--run", other, "-o", out)
	names := []string{"compared"}
	for _, name := range []string{
		"samples", "three_colours", "all_colours", "noise", "morph", "losses", "watch", "gradients",
	} {
		names = append(names, name+"_1", name+"_2")
	}
	for _, name := range append(names, "penalty_1", "average_1", "progress_1", "film_1") {
		path := filepath.Join(out, name+".png")
		assert.Contains(t, said, path+"\n")
		file, err := os.Open(path)
		require.NoError(t, err)
		_, err = png.Decode(file)
		assert.NoError(t, err, name)
		file.Close()
	}
	for _, name := range []string{"penalty_2", "average_2", "progress_2", "film_2"} { // There is nothing to draw.
		assert.NoFileExists(t, filepath.Join(out, name+".png"))
	}
	film, err := os.ReadFile(filepath.Join(out, "film_1.png"))
	require.NoError(t, err)
	assert.Contains(t, string(film), "acTL", "it moves")
	assert.FileExists(t, filepath.Join(out, "losses_1.csv"), "the numbers behind the figure")

	elsewhere := filepath.Join(dir, "elsewhere") // A run of somebody else's may hold a link there.
	require.NoError(t, os.Mkdir(elsewhere, 0o755))
	require.NoError(t, os.RemoveAll(filepath.Join(one, "figures")))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(one, "figures")))
	for _, args := range [][]string{{"figures", "gan"}, {"figures"}, {"eval", "gan", "-n", "9"}} {
		status, _, stderr := moelab(t, append(args, "--run", one)...)
		assert.Equal(t, 2, status, args)
		assert.Contains(t, stderr, "leads out of the run directory", args)
	}
	left, err := os.ReadDir(elsewhere)
	require.NoError(t, err)
	assert.Empty(t, left)

	status, _, stderr := moelab(t, "figures", "gan", "--run", filepath.Join(dir, "none"))
	assert.Equal(t, 2, status)
	assert.Contains(t, stderr, "none")
	status, _, stderr = moelab(t, "figures", "gan")
	assert.Equal(t, 2, status)
	assert.Contains(t, stderr, "--run is missing")
}

func TestFiguresSRRejectsInvalidArguments(t *testing.T) {
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"--run and --model are missing":      {"-o", dir},
		"-o is missing":                      {"--model", "anime"},
		"-n is 0: it must be from 1 to 1000": {"--model", "anime", "-o", dir, "-n", "0"},
		"not a run directory":                {"--run", dir},
		filepath.Join(dir, "none") + ": not a run": {
			"--model", "anime", "-o", dir, "--portraits", filepath.Join(dir, "none"),
		},
		`there is no network "nope"`: {"--model", "nope", "-o", dir},
	} {
		status, _, stderr := moelab(t, append([]string{"figures", "sr"}, args...)...)
		assert.Equal(t, statusUsage, status, want)
		assert.Contains(t, stderr, want)
	}
}

func TestFiguresMotionDrawsWhereFollowingBreaks(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	status, said, stderr := moelab(t, "figures", "motion", "-n", "1", "-o", out)
	require.Zero(t, status, stderr)
	for _, name := range []string{"motion.png", "motion_error.png", "motion_error.csv"} {
		assert.FileExists(t, filepath.Join(out, name))
	}
	assert.Contains(t, said, filepath.Join(out, "motion.png")+"\n")
	for says, args := range map[string][]string{
		"-o is missing": nil, "-n is 0: it must be from 1 to 1000": {"-n", "0", "-o", out},
		"is a file: name a folder": {"-o", filepath.Join(out, "motion.png")},
	} {
		status, _, stderr := moelab(t, append([]string{"figures", "motion"}, args...)...)
		assert.Equal(t, 2, status)
		assert.Contains(t, stderr, says)
	}
}

// Runs that differ in their seeds are one network, also those that draw from noise alone.
func TestFiguresBlinkComparesNetworksInASurvey(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	args := []string{"figures", "blink", "--backend", "go", "--survey", "-n", "1", "-o", out}
	for name, settings := range map[string][]string{
		"one": {"seed=1"}, "two": {"seed=2"}, "noise": {"unconditional=true", "content=0"},
	} {
		run := filepath.Join(dir, name)
		train := []string{"train", "blink", "--backend", "go", "--preset", "smoke-mocogan", "--run", run}
		for _, setting := range settings {
			train = append(train, "--set", setting)
		}
		succeed(t, train...)
		args = append(args, "--run", run)
	}
	status, said, stderr := moelab(t, args...)
	require.Zero(t, status, stderr)
	assert.Regexp(t, `(?m)^ *MoCoGAN +2 +\d+ .* ± `, said)
	assert.Regexp(t, `(?m)^ *MoCoGAN, from noise +1 +\d+ +\S+ +– +– +– `, said)
	table, err := os.ReadFile(filepath.Join(out, "survey.csv"))
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^"MoCoGAN, from noise",.*noise,\d+,[\d.e-]+,,,,`, string(table))
	for _, name := range []string{"distances.png", "strip.png", "film.png", "openings.png"} {
		assert.FileExists(t, filepath.Join(out, name))
	}
}
