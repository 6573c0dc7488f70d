package gan

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTooFewPicturesAreSaidInOneLine(t *testing.T) {
	for n, want := range map[int][]string{
		18:  {"pictures has only 18 pictures: a GAN learns so few by heart, or nothing; give it 200 or more"},
		207: nil,
	} {
		t.Chdir(t.TempDir())
		require.NoError(t, dataset.Draw(t.Context(), "pictures", n, 16, 1, nil))
		var warnings []string
		warn := func(err error) { warnings = append(warnings, err.Error()) }
		_, _, err := preset(t, "smoke", "data=pictures").open(t.Context(), "run", warn)
		require.NoError(t, err)
		assert.Equal(t, want, warnings)
	}
}

func TestTheDataOfARunIsOpenedFromAnotherFolder(t *testing.T) {
	home := t.TempDir()
	t.Chdir(home)
	require.NoError(t, dataset.Draw(t.Context(), "pictures", 18, 16, 1, nil))
	config, dir := preset(t, "smoke", "data=pictures"), filepath.Join(home, "runs", "hair")
	run, err := Experiment.Create(dir, config)
	require.NoError(t, err)
	require.NoError(t, run.Close())

	t.Chdir(t.TempDir())
	set, err := config.openRun(t.Context(), dir, nil)
	require.NoError(t, err)
	assert.Equal(t, 18, set.Len())
	again, set, err := config.open(t.Context(), dir, nil)
	require.NoError(t, err)
	assert.Equal(t, 18, set.Len())
	assert.Equal(t, "pictures", again.Data, "a training that goes on has the same settings")

	require.NoError(t, os.RemoveAll(filepath.Join(home, "pictures")))
	for _, open := range []func() error{
		func() error { _, err := config.openRun(t.Context(), dir, nil); return err },
		func() error { _, _, err := config.open(t.Context(), dir, nil); return err },
	} {
		assert.ErrorContains(t, open(), "pictures, which "+dir+" was trained on, was at ")
	}
}

func TestNothingIsSaidOfTheDataOfAnExistingRunThatIsOfOtherSettings(t *testing.T) {
	home := t.TempDir()
	t.Chdir(home)
	require.NoError(t, dataset.Draw(t.Context(), "pictures", 18, 16, 1, nil))
	run, err := Experiment.Create("run", preset(t, "smoke", "data=pictures"))
	require.NoError(t, err)
	require.NoError(t, run.Close())
	_, err = Train(t.Context(), "run", preset(t, "smoke", "data=others"), lab.TrainOptions{
		Warn: func(err error) { t.Error("a warning:", err) },
	})
	assert.ErrorIs(t, err, lab.ErrOtherExperiment)
	assert.ErrorContains(t, err, `data is "pictures", not "others"`)
}
