package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestFileIsWholeOrAsItWas(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	errTest := errors.New("no space left")
	write := func(text string, err error) error {
		return Write(path, func(file *os.File) error {
			_, writeErr := file.WriteString(text)
			return errors.Join(writeErr, err)
		})
	}

	require.ErrorIs(t, write("a half", errTest), errTest)
	require.NoFileExists(t, path)
	require.NoError(t, write("first", nil))
	err := write("a half", errTest)
	require.ErrorContains(t, err, path)
	requireFile(t, path, "first", 0o644)

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "a temporary file was left")
}

func TestModeAndLinkStay(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a.txt"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(path, []byte("first"), 0o600))
	require.NoError(t, os.Symlink(path, link))
	require.NoError(t, WriteBytes(link, []byte("second")))
	requireFile(t, path, "second", 0o600)
	target, err := os.Readlink(link)
	require.NoError(t, err)
	assert.Equal(t, path, target)

	require.NoError(t, Write(path, func(file *os.File) error { return file.Chmod(0o755) }))
	requireFile(t, path, "", 0o755)
}

func TestNothingButRegularFilesIsReplaced(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, syscall.Mkfifo(at("pipe"), 0o644))
	require.NoError(t, os.Mkdir(at("folder"), 0o755))
	for link, target := range map[string]string{
		"to a pipe": "pipe", "to a device": os.DevNull, "to nothing": "none", "to itself": "to itself",
	} {
		require.NoError(t, os.Symlink(target, at(link)))
	}
	for name, want := range map[string]string{
		"pipe":        " is a named pipe, not a file: name a file",
		"folder":      " is a folder: name a file",
		"to a pipe":   " is a named pipe, not a file: name a file",
		"to a device": " is a device, not a file: name a file",
		"to nothing":  " is a link to what is not there: remove the link, or name a file",
		"to itself":   " is a link to what is not there: remove the link, or name a file",
	} {
		before, err := os.Lstat(at(name))
		require.NoError(t, err)
		worked := false
		err = Write(at(name), func(*os.File) error {
			worked = true
			return nil
		})
		assert.EqualError(t, err, at(name)+want)
		assert.ErrorIs(t, err, ErrNotAFile)
		assert.False(t, worked, "it is said before the work")
		after, err := os.Lstat(at(name))
		require.NoError(t, err)
		assert.Equal(t, before.Mode(), after.Mode(), name)
	}
	assert.NoFileExists(t, at("none"))
}

func TestNamesMayBeAsLongAsTheFileSystemAllows(t *testing.T) {
	for _, stem := range []string{strings.Repeat("a", 300), strings.Repeat("é", 150), strings.Repeat("a ", 150)} {
		for length := 230; length <= 255; length++ {
			dir := t.TempDir()
			name := strings.ToValidUTF8(stem[:length-4], "") + ".png"
			path := filepath.Join(dir, name)
			require.NoError(t, WriteBytes(path, []byte("first")), "%d bytes", length)
			requireFile(t, path, "first", 0o644)
			require.NoError(t, os.Chmod(path, 0o600))
			var temporary string
			err := Write(path, func(file *os.File) error {
				temporary = filepath.Base(file.Name())
				_, err := file.WriteString("second")
				return err
			})
			require.NoError(t, err, "%d bytes", length)
			requireFile(t, path, "second", 0o600)
			assert.Regexp(t, leftover, temporary)
			assert.True(t, utf8.ValidString(temporary), temporary)

			require.Error(t, Write(path, func(*os.File) error { return errors.New("no space left") }))
			requireFile(t, path, "second", 0o600)
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Len(t, entries, 1, "a temporary file was left")
		}
	}
	worked := false
	err := Write(filepath.Join(t.TempDir(), strings.Repeat("a", 256)), func(*os.File) error {
		worked = true
		return nil
	})
	require.ErrorContains(t, err, "name too long")
	assert.False(t, worked, "it is said before the work")
}

func TestMissingFolderIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "a.txt")
	require.ErrorContains(t, WriteBytes(path, nil), path)
}

func TestLeftoversOfKilledProcessesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".a.txt1234567890123456789", "sub/.b.c.png123456789012345678"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("half"), 0o644))
	}
	others := []string{".lock", ".a.txt", ".notes.txt20261127", "a.txt1234567890123456789"}
	for _, name := range others {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	path := filepath.Join(dir, "c.txt")
	err := Write(path, func(file *os.File) error {
		_, err := file.WriteString("whole")
		return errors.Join(err, RemoveLeftovers(dir)) // As another process would: this file is not a leftover.
	})
	require.NoError(t, err)
	requireFile(t, path, "whole", 0o644)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	assert.ElementsMatch(t, append(others, "sub", "c.txt"), names)
	entries, err = os.ReadDir(filepath.Join(dir, "sub"))
	require.NoError(t, err)
	assert.Empty(t, entries)
	require.NoError(t, RemoveLeftovers(filepath.Join(dir, "no")))
}

func TestFilesAreWrittenWhileOthersTidyUp(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	var group errgroup.Group
	for range 2 {
		group.Go(func() error {
			for ctx.Err() == nil {
				if err := RemoveLeftovers(dir); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for i := range 4 {
		path := filepath.Join(dir, fmt.Sprintf("%d.txt", i))
		group.Go(func() error {
			for ctx.Err() == nil {
				if err := WriteBytes(path, []byte("whole")); err != nil {
					return err
				}
				if data, err := os.ReadFile(path); err != nil || string(data) != "whole" {
					return fmt.Errorf("%s holds %q: %w", path, data, err)
				}
			}
			return nil
		})
	}
	assert.NoError(t, group.Wait())
}

func requireFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text, string(data))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, mode, info.Mode().Perm())
}
