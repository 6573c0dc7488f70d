package jupyter

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// awkward is full of pitfalls for a reader and writer of notebooks.
const awkward = `{"nbformat": 4, "nbformat_minor": 5, "metadata": {"z": 1.50,
 "a": {"big": 12345678901234567890, "none": null},
"kernelspec": {"name": "python3", "display_name": "<&> λ"}, "orig_nbformat": 4},
"cells": [
 {"cell_type": "markdown", "id": "m1", "metadata": {"trusted": true, "own": [1, 2.0]},
  "source": "one\ntwo\r\nthree\u000bfour\rfive",
  "attachments": {"p.png": {"image/png": "aGVsbG8="}}},
 {"cell_type": "raw", "id": "r1", "metadata": {}, "source": []},
 {"cell_type": "code", "id": "c1", "metadata": {"tags": ["x"], "collapsed": false},
  "source": ["a\n", "b"], "execution_count": 3, "outputs": [
  {"output_type": "stream", "name": "stdout", "text": "x\ny\n"},
  {"output_type": "display_data", "metadata": {"image/png": {"width": 20}},
   "data": {"text/plain": ["p\n", "q"], "image/png": "aGVsbG8=\n",
   "image/svg+xml": "<svg>\n</svg>", "application/json": ["not\n", "joined"], "application/vnd.x+json": {"k": 1e3}}},
  {"output_type": "execute_result", "execution_count": null, "metadata": {}, "data": {}},
  {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["1\n2", "\u001b[31m3"]}]},
 {"cell_type": "code", "id": "c2", "metadata": {}, "source": "", "execution_count": null, "outputs": []}
]}`

func TestWritingEqualsNbformatsToTheByte(t *testing.T) {
	dir := t.TempDir()
	source, theirs, ours := filepath.Join(dir, "source"), filepath.Join(dir, "theirs"), filepath.Join(dir, "ours")
	// Python's json turns 1e3 into 1000.0 and 1.50 into 1.5. This package keeps numbers as they are.
	plain := []byte(replaceAll(awkward, "1.50", "1.5", "1e3", "1000.0"))
	require.NoError(t, os.WriteFile(source, plain, 0o644))
	ask(t, "rewrite", source, theirs)

	nb, err := Read(source)
	require.NoError(t, err)
	require.NoError(t, nb.Write(ours))
	assert.Equal(t, readFile(t, theirs), readFile(t, ours))
	ask(t, "validate", ours)

	again, err := Read(ours)
	require.NoError(t, err)
	delete(nb.Cells[0].Metadata, "trusted") // nbformat does not write it.
	assert.Equal(t, nb.Cells, again.Cells)
}

func TestUnknownMetadataIsKeptAsItCame(t *testing.T) {
	nb, err := Decode([]byte(awkward))
	require.NoError(t, err)
	data, err := nb.Encode()
	require.NoError(t, err)
	assert.Contains(t, string(data), `"z": 1.50`)
	assert.Contains(t, string(data), `"big": 12345678901234567890`)
	assert.Contains(t, string(data), `"k": 1e3`)
}

func TestOlderNotebooksAreUpgraded(t *testing.T) {
	const old = `{"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": [
		{"cell_type": "markdown", "metadata": {}, "source": "same"},
		{"cell_type": "markdown", "metadata": {}, "source": "same"},
		{"cell_type": "code", "metadata": {}, "source": "same", "outputs": [], "execution_count": null}]}`
	nb, err := Decode([]byte(old))
	require.NoError(t, err)
	checkFormat(t, nb)
	again, err := Decode([]byte(old))
	require.NoError(t, err)
	ids := map[string]bool{}
	for i, c := range nb.Cells {
		ids[c.ID] = true
		assert.Equal(t, c.ID, again.Cells[i].ID, "upgrading twice gives two notebooks")
	}
	assert.Len(t, ids, 3)
}

// old is a notebook of nbformat 3.
const old = `{"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "x", "signature": "s", "own": 1},
"worksheets": [{"metadata": {}, "cells": [
 {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["A", "heading\n"]},
 {"cell_type": "markdown", "metadata": {}, "source": ["one", "two"]},
 {"cell_type": "html", "metadata": {}, "source": "<b>x</b>"},
 {"cell_type": "code", "collapsed": true, "language": "python", "metadata": {"m": 1}, "prompt_number": 3,
  "input": ["a = 1\n", "a"], "outputs": [
  {"output_type": "stream", "stream": "stderr", "text": ["x\n", "y"]},
  {"output_type": "stream", "text": "z"},
  {"output_type": "pyout", "prompt_number": 3, "metadata": {}, "text": ["1", "2"], "html": "<i>1</i>", "json": "[1]"},
  {"output_type": "display_data", "metadata": {"png": {"width": 3}}, "png": "aGVsbG8=", "svg": ["<svg>", "</svg>"]},
  {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["1", "2"]}]}]},
 {"cells": [{"cell_type": "raw", "metadata": {}, "source": "second"},
  {"cell_type": "code", "language": "python", "metadata": {}, "input": [], "outputs": []}]}]}`

func TestOldNotebooksAreUpgradedAsByNbformat(t *testing.T) {
	dir := t.TempDir()
	source, theirs, ours := filepath.Join(dir, "source"), filepath.Join(dir, "theirs"), filepath.Join(dir, "ours")
	require.NoError(t, os.WriteFile(source, []byte(old), 0o644))
	ask(t, "upgrade", source, theirs)
	nb, err := Read(source)
	require.NoError(t, err)
	checkFormat(t, nb)
	for i, c := range nb.Cells {
		c.ID = fmt.Sprint(i)
	}
	require.NoError(t, nb.Write(ours))
	assert.Equal(t, readFile(t, theirs), readFile(t, ours))

	nb, err = Decode([]byte(`{"nbformat": 4, "cells": [{"cell_type": "heading", "level": 3, "source": "text"}]}`))
	require.NoError(t, err)
	assert.Equal(t, "### text", nb.Cells[0].Source)
	checkFormat(t, nb)
}

func TestWhatPythonWritesIsReadThoughItIsNoJSON(t *testing.T) {
	source := `{"nbformat": 4, "metadata": {"a": [NaN, -Infinity, "NaN \" NaN"]}, "cells": []}`
	for name, data := range map[string][]byte{
		"UTF-8": []byte(source), "with a mark": []byte("\ufeff" + source),
		"UTF-16": func() (data []byte) {
			for _, r := range source {
				data = append(data, byte(r), 0)
			}
			return data
		}(),
	} {
		nb, err := Decode(data)
		require.NoError(t, err, name)
		assert.Equal(t, []any{nil, nil, `NaN " NaN`}, nb.Metadata["a"], name)
	}
}

func TestWrongAndDuplicateIDsAreReplaced(t *testing.T) {
	nb, err := Decode([]byte(`{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
		{"cell_type": "raw", "id": "a", "metadata": {}, "source": "1"},
		{"cell_type": "raw", "id": "no id!", "metadata": {}, "source": "1"},
		{"cell_type": "raw", "id": "a", "metadata": {}, "source": "2"}]}`))
	require.NoError(t, err)
	assert.Equal(t, "a", nb.Cells[0].ID)
	assert.NotEqual(t, "a", nb.Cells[1].ID)
	checkFormat(t, nb)
}

func TestBadFilesAreOneClearError(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		contents string
		kind     error
		message  string
	}{
		{" \n", ErrNotNotebook, "it is empty"},
		{"{\"nbformat\": 4, \"cells\": [], \"a\": \"\xe9\"}", ErrNotNotebook, "it is not text in UTF-8"},
		{"# some text", ErrNotNotebook, "not valid JSON"},
		{`{"cells": [`, ErrNotNotebook, "not valid JSON"},
		{`[1, 2]`, ErrNotNotebook, "the JSON is not an object"},
		{`{"nbformat": 4, "cells": []} {}`, ErrNotNotebook, "after the end"},
		{`{"a": 1}`, ErrNotNotebook, "nbformat is missing"},
		{`{"nbformat": "4"}`, ErrNotNotebook, "nbformat is not a whole number"},
		{`{"nbformat": 4, "nbformat_minor": 5}`, ErrNotNotebook, "list of cells is missing"},
		{`{"nbformat": 4, "cells": [3]}`, ErrNotNotebook, "cell 1 is not an object"},
		{`{"nbformat": 4, "cells": [{"cell_type": "chart"}]}`, ErrNotNotebook, `cell 1 has the unknown type "chart"`},
		{`{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}`, ErrNotNotebook, "source is not text"},
		{`{"nbformat": 4, "cells": [{"cell_type": "code", "outputs": [1]}]}`, ErrNotNotebook, "an output of cell 1"},
		{`{"nbformat": 1, "cells": []}`, ErrFormat, "it is nbformat 1, but must be 2, 3 or 4"},
		{`{"nbformat": 3, "worksheets": [{"cells": [3]}]}`, ErrNotNotebook, "cell 1 is not an object"},
		{`{"nbformat": 5, "cells": []}`, ErrFormat, "it is nbformat 5"},
	} {
		path := filepath.Join(dir, "bad.ipynb")
		require.NoError(t, os.WriteFile(path, []byte(test.contents), 0o644))
		_, err := Read(path)
		require.ErrorIs(t, err, test.kind, test.contents)
		assert.ErrorContains(t, err, test.message)
		assert.ErrorContains(t, err, path)
		assert.NotContains(t, err.Error(), "\n")
	}
	_, err := Read(filepath.Join(dir, "missing.ipynb"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestWritingKeepsModeAndLinks(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "nb.ipynb"), filepath.Join(dir, "link.ipynb")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Symlink(path, link))
	require.NoError(t, notebook("python3", "1").Write(link))
	info, err := os.Lstat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	assert.NotZero(t, info.Size())
	info, err = os.Lstat(link)
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&os.ModeSymlink)
}

func TestFailedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "nb.ipynb")
	nb := notebook("python3", "1")
	require.NoError(t, nb.Write(path))
	before := readFile(t, path)

	nb.Metadata["bad"] = func() {} // Not JSON.
	require.Error(t, nb.Write(path))
	assert.Equal(t, before, readFile(t, path))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 1, "a temporary file is left")
	assert.Error(t, nb.Write(filepath.Join(dir, "no", "such", "folder.ipynb")))
}
