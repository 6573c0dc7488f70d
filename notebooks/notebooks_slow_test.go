//go:build slow

package notebooks_test

import (
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/blink"
	"github.com/stretchr/testify/assert"
)

// It is slow since the notebook trains seven networks: go test -tags slow ./notebooks
func TestTheBlinkNotebookRunsWhole(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	printed, page, pictures := runNotebook(t, "blink.ipynb", "preset=smoke", "measured=1", "steps=1", "dir="+run)
	for _, row := range []string{
		`Verdict: \w+`, `(?m)^U-Nets on the eyes +\d\.\d\d +\d`, `quick .*: follows it with a correlation of -?\d\.\d{3}`,
	} {
		assert.Regexp(t, row, printed)
		assert.Regexp(t, row, page)
	}
	names := []string{
		"data", "data_film", "ranking_adversarial", "losses_adversarial", "strip_adversarial", "strip_clipping",
		"strip_content", "flow", "strip_face", "content", "strip_", "opening_quick", "references", "references_film",
		"strip_flat", "strip_frozen", "errors", "seam_detail_false", "motion", "motion_error",
		"yours",
	}
	assert.GreaterOrEqual(t, pictures, len(names))
	for _, name := range names {
		assert.FileExists(t, filepath.Join(run, "figures", name+".png"))
	}
	for _, failure := range blink.Failures {
		assert.FileExists(t, filepath.Join(run+"_"+failure.Name, "evaluation.json"))
	}
}

func TestTheNotebookOfVideoGANsRunsWhole(t *testing.T) {
	run := t.TempDir()
	printed, _, pictures := runNotebook(
		t, "video_gans.ipynb", "preset=smoke", "measured=2", "videos=32", "steps=1", "dir="+run,
	)
	const number = `-?\d+(\.\d+)?(e-\d+)?`
	for _, title := range []string{
		"VideoGAN, adversarial and content loss", "TGAN", "TGANv2", "MoCoGAN", "Dynamics Transfer GAN",
		"Forecast and refine", "U-Nets on the features of a ConvLSTM",
	} {
		assert.Regexp(t, `(?m)^ *`+title+` +1 +\d+( +`+number+`){7} *$`, printed)
	}
	assert.Regexp(t, `(?m)^ *MoCoGAN, from noise +1 +\d+ +`+number+`( +–){3}( +`+number+`){3} *$`, printed)
	names := []string{
		"idea_mask", "idea_pyramid", "idea_two_discriminators", "idea_condition", "idea_residual", "from_noise", "distances",
	}
	for _, name := range []string{"videogan", "tgan", "tganv2", "mocogan", "dynamics", "convlstm", "forecast"} {
		names = append(names, "strip_"+name)
	}
	assert.Equal(t, len(names), pictures)
	for _, name := range names {
		assert.FileExists(t, filepath.Join(run, "figures", name+".png"))
	}
}
