package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/labtest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunsAreListedSortedAndFiltered(t *testing.T) {
	dir := t.TempDir()
	make := func(name, kind string, steps, step int, more map[string]string) {
		run, err := lab.Create(filepath.Join(dir, name), lab.Experiment{Name: kind, Config: map[string]int{"steps": steps}})
		require.NoError(t, err)
		require.NoError(t, run.Close())
		require.NoError(t, labtest.Checkpoint(run.Dir(), int64(step)))
		for file, text := range more {
			require.NoError(t, os.WriteFile(run.Path(file), []byte(text), 0o644))
		}
	}
	make("b", "gan", 5, 5, map[string]string{
		"measures.json": `{"measures":{"FID":0.5}}`, "metrics.jsonl": `{"step":5,"seconds":2,"values":{"D":1.25}}` + "\n",
	})
	make("a", "gan", 9, 4, map[string]string{"measures.json": `{"measures":{"FID":0.25}}`})
	make("c/d", "esrgan", 3, 3, nil)
	make("e", "blink", 3, 3, map[string]string{"config.json": "{"})

	list := func(args ...string) (names []string) {
		var rows []runRow
		require.NoError(t, json.Unmarshal([]byte(succeed(t, append([]string{"runs", dir, "--json"}, args...)...)), &rows))
		for _, row := range rows {
			name, err := filepath.Rel(dir, row.Run)
			require.NoError(t, err)
			names = append(names, name)
		}
		return names
	}
	assert.Equal(t, []string{"a", "b", "c/d", "e"}, list())
	assert.Equal(t, []string{"a", "b"}, list("--kind", "gan"))
	assert.Equal(t, []string{"c/d"}, list("--kind", "sr"))
	assert.Equal(t, []string{"b", "c/d"}, list("--state", "finished"))
	assert.Equal(t, []string{"e"}, list("--state", "damaged"))
	assert.Equal(t, []string{"a", "b", "c/d", "e"}, list("--sort", "FID"), "those without one come last")
	assert.Equal(t, []string{"b", "a", "c/d", "e"}, list("--sort", "D"))
	assert.Equal(t, []string{"b", "a", "c/d", "e"}, list("--sort", "step"))
	assert.Empty(t, list("--state", "training"))

	printed := succeed(t, "runs", dir)
	assert.Regexp(t, `(?m)^\S+/a +gan +stopped +4/9 +0\.0 MB +FID 0\.25$`, printed)
	assert.Regexp(t, `(?m)^\S+/b +gan +finished +5/5 +0\.0 MB +FID 0\.5 \| D 1\.25$`, printed)
	assert.Regexp(t, `(?m)^\S+/e +damaged +0/0 .*config\.json is damaged`, printed)
	assert.Contains(t, succeed(t, "runs", filepath.Join(dir, "c"), "--kind", "gan"), "there are no such runs in ")

	for want, args := range map[string][]string{
		`--state is "lost"`: {"--state", "lost"}, `--sort is "IS": it must be`: {"--sort", "IS"},
		"look for runs in nowhere": {"nowhere"},
	} {
		status, _, stderr := moelab(t, append([]string{"runs", dir}, args...)...)
		assert.Equal(t, statusUsage, status)
		assert.Contains(t, stderr, want)
	}
}
