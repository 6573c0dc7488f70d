package dataset

import (
	"bytes"
	"fmt"
	"image/color"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/moelab/moelab/internal/regularfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALineOfLabelsNamesAFile(t *testing.T) {
	for _, file := range []string{"", ".", "a/..", "./"} {
		_, _, err := readLabels([]byte("file,colour\n"+file+",blue\n"), nil)
		assert.ErrorContains(t, err, "is not in the folder", "%q", file)
	}
}

func TestHairColoursHaveTheSameNamesInLabelsAsInFolders(t *testing.T) {
	noCache(t)
	names := []string{"blonde_hair", "Gray", "light blue hair", "red", "lavender"}
	want := []string{"blonde", "silver", "blue", "red", "purple"}
	folders, listed := t.TempDir(), t.TempDir()
	// A space before or after a name is none of it, unless it stands in quotes.
	rows := "\ufefffile, colour\n"
	for i, name := range names {
		data := pngBytes(t, plain(16, color.RGBA{uint8(40 * i), 90, 90, 255}))
		write(t, filepath.Join(folders, name, "a.png"), data)
		write(t, filepath.Join(listed, "pictures", fmt.Sprintf("%d.png", i)), data)
		rows += fmt.Sprintf(" pictures/%d.png , %s\n", i, name)
	}
	write(t, filepath.Join(listed, " spaced.png"), pngBytes(t, plain(16, color.RGBA{1, 2, 3, 255})))
	write(t, filepath.Join(listed, labelsFile), []byte(rows+"\" spaced.png\",green\n"))
	for dir, more := range map[string]int{folders: 0, listed: 1} {
		set, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours()})
		require.NoError(t, err)
		assert.Empty(t, report.Bad)
		assert.Empty(t, report.UnknownFolders)
		assert.Equal(t, len(names)+more, set.Len())
		for _, colour := range want {
			assert.Equal(t, 1, report.PerClass[slices.Index(HairColours(), colour)], colour)
		}
	}
	_, report, err := OpenFolder(t.Context(), listed, FolderOptions{Classes: []string{"blonde", "red"}})
	require.NoError(t, err)
	require.Len(t, report.WrongLines, 4)
	assert.EqualError(t, report.WrongLines[0], `line 3: unknown class "Gray"; known are blonde, red`)
}

// What spreadsheets, editors and scripts make of a labels.csv.
func TestEveryDialectOfLabelsIsRead(t *testing.T) {
	const bom = "\xff\xfe"
	utf16 := func(text string) (coded string) {
		for _, r := range text {
			coded += string([]byte{byte(r), byte(r >> 8)})
		}
		return coded
	}
	for what, text := range map[string]string{
		"semicolons":         "file;colour\r\na.png;blue\r\nb, c.png;red\r\n",
		"tabs":               "file\tcolour\na.png\tblue\nb, c.png\tred\n",
		"tabs, quotes":       "\"file\"\t\"colour\"\n\"a.png\"\tblue\n \"b, c.png\" \t red\n",
		"an empty tab":       "id\tfile\tcolour\n\ta.png\tblue\n\tb, c.png\tred",
		"Excel's sep=":       "sep=;\r\nfile;colour\r\na.png;blue\r\nb, c.png;red\r\n",
		"sep= in quotes":     "\"SEP=;\"\nfile;colour\na.png;blue\nb, c.png;red\n",
		"a tab as sep=":      "sep=\t\nfile\tcolour\na.png\tblue\nb, c.png\tred\n",
		"empty columns":      "file,colour,,\na.png,blue,,\n\"b, c.png\",red,,,\n,,,\n",
		"rows of blanks":     "\n  \nfile,colour\n , \na.png,blue\n\t\n\"b, c.png\",red\n  \n",
		"UTF-16 with a mark": bom + utf16("file,colour\na.png,blue\n\"b, c.png\",red\n"),
		"UTF-16 without":     utf16("file\tcolour\r\na.png\tblue\r\nb, c.png\tred\r\n"),
		"old Macs' lines":    "file,colour\ra.png,blue\r\"b, c.png\",red\r",
		"no-break spaces": "file\u00a0,\u00a0colour\n\u00a0a.png\u00a0,\u202fblue\n" +
			"\"b, c.png\u00a0\",\u00a0red\u3000\n",
		"a row twice":       "file,colour\na.png,blue\n\"b, c.png\",red\na.png, blue\n",
		"spaces and quotes": "file,colour\n  \"a.png\"  ,  \"blue\"  \n\t\"b, c.png\",red\n",
	} {
		lines, _, err := readLabels([]byte(text), nil)
		require.NoError(t, err, what)
		var got []string
		for _, line := range lines {
			got = append(got, line.File+" "+line.Class)
		}
		assert.Equal(t, []string{"a.png blue", "b, c.png red"}, got, what)
	}
	lines, _, err := readLabels([]byte("file,colour\n\"c \"\"d\"\".png\",red\n"), nil)
	require.NoError(t, err)
	assert.Equal(t, `c "d".png`, lines[0].File)
}

func TestErrorsOfLabelsAreInPlainWordsAndShort(t *testing.T) {
	long := "file,colour\n" + strings.Repeat("../", 1000) + "a,red\n"
	for text, want := range map[string]string{
		"file,colour\na.png,blue\n\"b.png,red\nc.png,red\n": "line 3: a quote is never closed, or there is text behind " +
			"the closing one: write a quote in a name twice",
		"file,colour\n\"a\"b.png,blue\n": "line 2: a quote is never closed, or there is text behind the closing one: " +
			"write a quote in a name twice",
		"file,colour\na \"b\".png,blue\n": "line 2: there is a quote within a name: put the name in quotes, and write a " +
			"quote in it twice",
		"file,colour\n\"a\nb.png\",blue\nc.png\n": "line 4 has 1 column: too few",
		"sep=;\nfile;colour\n;red\n":              `line 3: "" is not in the folder`,
		long:                                      `line 2: "` + strings.Repeat("../", 20) + `…" is not in the folder`,
		"\x1b[31m" + strings.Repeat("x", 1000) + "\n": `its columns are "\x1b[31m` + strings.Repeat("x", 55) +
			`…": it needs file and colour`,
		"PK\x03\x04\x14\x00\x06\x00":          "it is a spreadsheet or an archive, not text: save it as CSV",
		"\x89PNG\r\n\x1a\n\x00\x00":           "it is not text: save it as CSV",
		"file,colour\na,red\nb,red\na,blue\n": "line 4: a is listed a second time, and line 2 says something else of it",
		"file,colour,eyes\na,red,blue\na,red,green\n": "line 3: a is listed a second time, " +
			"and line 2 says something else of it",
	} {
		_, wrong, err := readLabels([]byte(text), nil)
		if len(wrong) > 0 { // The other lines count.
			err = wrong[0]
		}
		assert.EqualError(t, err, want)
	}
}

func TestNamesInLabelsMayDifferInCaseAndSlashes(t *testing.T) {
	dir := small(t, "A.PNG", "in/b.png", "twice.png", "Twice.png", "c.png", "e\u0301.png", "d.png")
	rows := "file,colour\na.png,blue\nIN\\B.png,red\nTWICE.png,red\nC.png,red\nc.png,blue\n" +
		"\u00e9.png,blue\n..\\d.png,red\n"
	write(t, filepath.Join(dir, labelsFile), []byte(rows))
	set, report, err := OpenFolder(t.Context(), dir, FolderOptions{})
	require.NoError(t, err)
	var got []string
	for i := range set.Len() {
		name, err := filepath.Rel(dir, set.Name(i))
		require.NoError(t, err)
		got = append(got, name+" "+Classes(set)[set.Label(i, 0)])
	}
	assert.Equal(t, []string{"A.PNG blue", "in/b.png red", "c.png blue", "e\u0301.png blue"}, got)
	var bad []string
	for _, b := range report.Bad {
		bad = append(bad, filepath.Base(b.Path))
	}
	assert.Equal(t, []string{`..\d.png`, "C.png", "TWICE.png"}, bad, "none, taken, and two")
	assert.Equal(t, 3, report.Unlisted)
}

func TestWhatIsNoFileIsNotReadInThePlaceOfOne(t *testing.T) {
	dir := small(t, "blue/1.png", "red/2.png")
	for _, name := range []string{labelsFile, EyesFile, AperturesFile} {
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, name), 0o644))
	}
	_, _, err := OpenFolder(t.Context(), dir, FolderOptions{})
	assert.ErrorIs(t, err, regularfile.ErrOther)
	assert.ErrorContains(t, err, filepath.Join(dir, labelsFile))
	_, _, err = ReadLabels(filepath.Join(dir, labelsFile))
	assert.ErrorIs(t, err, regularfile.ErrOther)
	_, err = ReadEyes(filepath.Join(dir, EyesFile))
	assert.ErrorIs(t, err, regularfile.ErrOther)
	_, err = ReadOpenings(filepath.Join(dir, AperturesFile))
	assert.ErrorIs(t, err, regularfile.ErrOther)
}

func TestAWrongLineOfLabelsIsNamedAndLeftOut(t *testing.T) {
	dir := small(t, "a.png", "b.png", "c.png", "d.png", "e.png")
	rows := "file,colour\na.png,blue\nb.png,\nc.png,red\nd.png,tartan\n../e.png,red\na.png,red\ne.png\n"
	write(t, filepath.Join(dir, labelsFile), []byte(rows))
	_, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: []string{"blue", "red"}})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1}, report.PerClass)
	var wrong []string
	for _, err := range report.WrongLines {
		wrong = append(wrong, err.Error())
	}
	assert.Equal(t, []string{
		"line 3: b.png has no class", `line 6: "../e.png" is not in the folder`,
		"line 7: a.png is listed a second time, and line 2 says something else of it", "line 8 has 1 column: too few",
		`line 5: unknown class "tartan"; known are blue, red`,
	}, wrong)
	assert.Contains(t, report.String(), "5 lines of labels.csv left out: line 3: b.png has no class; line 6: ")
	assert.Contains(t, report.String(), "; and 2 more")
	_, _, err = OpenFolder(t.Context(), dir, FolderOptions{Classes: []string{"blue", "red"}, Strict: true})
	assert.ErrorContains(t, err, "labels.csv: line 3: b.png has no class")
	_, _, err = OpenFolder(t.Context(), dir, FolderOptions{Classes: []string{"green", "brown"}})
	assert.ErrorContains(t, err, `labels.csv: line 2: unknown class "blue"; known are green, brown`)
}

func TestPicturesBesideClassesAreCounted(t *testing.T) {
	dir := small(t, "blue/1.png", "red/2.png", "3.png", "4.png", ".5.png")
	_, report, err := OpenFolder(t.Context(), dir, FolderOptions{})
	require.NoError(t, err)
	assert.Equal(t, 2, report.Loose)
	assert.Equal(t, []string{"2 pictures left out, as they lie beside the folders of the classes, not in them"},
		report.Lacks())
}

func TestAFolderIsTheSameBehindALink(t *testing.T) {
	dir := small(t, "a.png", "in/b.png", "c.png", ".thumbs/a.png")
	write(t, filepath.Join(dir, labelsFile), []byte("file,colour\nA.png,blue\nin/b.png,red\n"))
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	for _, path := range []string{dir, link, link + "/"} {
		_, report, err := OpenFolder(t.Context(), path, FolderOptions{})
		require.NoError(t, err, path)
		assert.Equal(t, 2, report.Total, path)
		assert.Equal(t, 1, report.Unlisted, "%s: what is hidden is nobody's", path)
	}

	blinks := t.TempDir()
	require.NoError(t, DrawBlinks(t.Context(), blinks, 2, 32, 7, nil))
	require.NoError(t, os.Remove(link))
	require.NoError(t, os.Symlink(blinks, link))
	for _, path := range []string{blinks, link, link + "/"} {
		clips, bad, err := OpenBlinks(t.Context(), path)
		require.NoError(t, err, path)
		assert.Empty(t, bad)
		assert.Equal(t, 2, clips.Len(), path)
	}
}

func TestLinkedFoldersBelowAreNamed(t *testing.T) {
	elsewhere := small(t, "1.png")
	dir := small(t, "blue/1.png", "red/2.png")
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "blue", "more")))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "red", "more")))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "red", ".hidden")))
	before := slog.Default()
	defer slog.SetDefault(before)
	for _, open := range []func(){
		func() { _, _, _ = OpenFolder(t.Context(), dir, FolderOptions{}) },
		func() { _, _, _ = OpenPictures(t.Context(), dir, PicturesOptions{}) },
		func() { _, _, _ = OpenBlinks(t.Context(), dir) },
	} {
		var said bytes.Buffer
		slog.SetDefault(slog.New(slog.NewTextHandler(&said, nil)))
		open()
		assert.Contains(t, said.String(),
			"the pictures behind 2 links to folders are left out, the first "+filepath.Join(dir, "blue", "more"))
		assert.Equal(t, 1, strings.Count(said.String(), "\n"), said.String())
	}
}
