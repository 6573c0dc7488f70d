package jupyter

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// page renders a notebook of one code cell with the outputs, or of one text cell.
func page(t *testing.T, dir string, cells ...*Cell) string {
	t.Helper()
	for _, c := range cells {
		if c.Metadata == nil {
			c.Metadata = map[string]any{}
		}
	}
	nb := &Notebook{Cells: cells, Metadata: map[string]any{"kernelspec": map[string]any{"language": "go"}}}
	html, err := nb.HTML(dir)
	require.NoError(t, err)
	return string(html)
}

func prose(source string) *Cell { return &Cell{Type: MarkdownCell, Source: source} }

func outputs(o ...*Output) *Cell { return &Cell{Type: CodeCell, Outputs: o} }

func display(data map[string]any) *Output { return &Output{Type: DisplayOutput, Data: data} }

func TestPageShowsTheRichestForm(t *testing.T) {
	for _, test := range []struct {
		data map[string]any
		want string
	}{
		{
			map[string]any{"text/plain": "<p>", "image/png": "aGVs\nbG8=\n"},
			`<img alt="output" src="data:image/png;base64,aGVsbG8=">`,
		},
		{
			map[string]any{"text/plain": "x", "image/svg+xml": "<svg/>"},
			"data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte("<svg/>")),
		},
		{map[string]any{"text/plain": "x", "text/html": "<b>bold</b>"}, `<div class="output html"><b>bold</b></div>`},
		{map[string]any{"text/plain": "x", "text/markdown": "**bold**"}, "<strong>bold</strong>"},
		{map[string]any{"text/plain": "<script>1</script>"}, "<pre>&lt;script&gt;1&lt;/script&gt;</pre>"},
		{map[string]any{"application/json": map[string]any{"k": 1}}, "&#34;k&#34;: 1"},
		{map[string]any{"application/vnd.jupyter.widget-view+json": 1}, "open the notebook to see this output"},
	} {
		assert.Contains(t, page(t, "", outputs(display(test.data))), test.want)
	}
}

func TestPageShowsStreamsAndErrors(t *testing.T) {
	html := page(t, "", outputs(
		&Output{Type: StreamOutput, Name: "stderr", Text: "a <b> & \x1b[31mred\x1b[0m"},
		&Output{Type: ErrorOutput, ErrorName: "E", ErrorValue: "v", Traceback: []string{"one", "\x1b[1mtwo\x1b[0m"}},
		&Output{Type: ErrorOutput, ErrorName: "E", ErrorValue: "no traceback"},
	))
	assert.Contains(t, html,
		`<div class="output stderr"><pre>a &lt;b&gt; &amp; <span style="color:#b42318">red</span></pre>`)
	assert.Contains(t, html, "one\n"+`<span style="font-weight:bold">two</span>`)
	assert.Contains(t, html, "E: no traceback")
}

func TestPageLoadsNothing(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a b.png"), []byte("hello"), 0o644))
	attached := prose("![in](attachment:x.png)")
	attached.attachments = map[string]any{"x.png": map[string]any{"image/png": "aGVsbG8="}}
	html := page(t, dir, attached, prose("![here](a%20b.png) ![far](https://example.com/a.png) ![missing](nothing.png)"))
	assert.Contains(t, html, `<img src="data:image/png;base64,aGVsbG8=" alt="in">`)
	assert.Contains(t, html, `<img src="data:image/png;base64,aGVsbG8=" alt="here">`)
	assert.Contains(t, html, `<a href="https://example.com/a.png">far</a>`)
	assert.NotRegexp(t, regexp.MustCompile(`(?i)src="?(https?:|//|[a-z.]+\.png)|<link|@import|url\(|<script`), html)
}

func TestFormulasAreNotTakenForMarkdown(t *testing.T) {
	for _, test := range []struct{ source, want string }{
		{"a $x_1 * y_2 * z_3 < 1$ b", `a <span class="math">x_1 * y_2 * z_3 &lt; 1</span> b`},
		{"a $$x_1$$ b", `<span class="math">x_1</span>`},
		{"$5 and $6", "$5 and $6"},
		{"`$x$`", "<code>$x$</code>"},
		{"before\n$$\na_1\n- b_2\n\n= c\n$$\nafter *it*", "<div class=\"math\">a_1\n- b_2\n\n= c</div>"},
		{"$$a_1 + b_1$$", `<div class="math">a_1 + b_1</div>`},
		{"$$ never closed", `<div class="math">never closed</div>`},
		{`costs $\text{\$5}$ and $x$`, `costs <span class="math">\text{\$5}</span> and <span class="math">x</span>`},
		{`$$\text{\$$5}$$ b`, `<span class="math">\text{\$$5}</span> b`},
		{"$$\na\n$$ where *a* is\n\nb", "<div class=\"math\">a</div>\n<p>where <em>a</em> is</p>\n<p>b</p>"},
		{"- $$\n  a\n  $$\n- b", "<div class=\"math\">a</div>\n</li>\n<li>b</li>"},
		{">\t$$a\n>\tb$$\n\nc", "<div class=\"math\">a\n  b</div>\n</blockquote>\n<p>c</p>"},
	} {
		html, err := renderMarkdown(test.source, pictures{})
		require.NoError(t, err)
		assert.Contains(t, string(html), test.want, test.source)
	}
	html, err := renderMarkdown("$$\nx\n$$\nafter *it*", pictures{})
	require.NoError(t, err)
	assert.Contains(t, string(html), "<p>after <em>it</em></p>")
}

func TestPicturesNeverBecomeLinksWithinLinks(t *testing.T) {
	for _, test := range []struct{ source, want string }{
		{"[![Open in Colab](https://a/badge.svg)](https://colab)", `<p><a href="https://colab">Open in Colab</a></p>`},
		{"[![](https://a/b.svg)](https://c)", `<p><a href="https://c">https://a/b.svg</a></p>`},
		{"![see [this](https://a)](https://b.png)", `<p>see <a href="https://a">this</a></p>`},
		{"![a ![b](c) d](e)", `<p><a href="e">a b d</a></p>`},
	} {
		html, err := renderMarkdown(test.source, pictures{})
		require.NoError(t, err)
		assert.Equal(t, test.want+"\n", string(html), test.source)
	}
}

func TestAttachmentInSeveralFormsIsTheSamePictureInEachRun(t *testing.T) {
	forms := map[string]any{"image/webp": "dw==", "image/png": "cA==", "image/jpeg": "ag==", "image/gif": nil}
	for range 20 {
		uri := pictures{attachments: map[string]any{"x": forms}}.dataURI("attachment:x")
		assert.Equal(t, "data:image/jpeg;base64,ag==", uri)
	}
}

func TestPageHasNoControlCharacters(t *testing.T) {
	html := page(t, "", prose("a\x01b &#2;c"), outputs(&Output{Type: StreamOutput, Text: "1\b2\x07 3\xff4\f5\x00\x7f"}))
	assert.Contains(t, html, "<p>ab c</p>")
	assert.Contains(t, html, "<pre>12 3�4 5�</pre>")
}

func TestPageColoursCodeAndHasATitle(t *testing.T) {
	html := page(t, "", prose("text\n# The <title>"), &Cell{Type: CodeCell, Source: "func f() string { return \"<b>\" }"})
	assert.Contains(t, html, "<title>The &lt;title&gt;</title>")
	assert.Contains(t, html, `<span class="kd">func</span>`)
	assert.Contains(t, html, "&lt;b&gt;")
}

func TestCodeThatALexerNeverFinishesStaysPlain(t *testing.T) {
	html, err := renderMarkdown("```jsonata\n'<\n```", pictures{})
	require.NoError(t, err)
	assert.Contains(t, string(html), "&#39;&lt;")
	assert.NotContains(t, string(html), "<span class=\"s")
}

func TestANSIColours(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"plain", "plain"},
		{"\x1b[32mgreen\x1b[39m not", `<span style="color:#1a7f37">green</span> not`},
		{"\x1b[1;4;41mx\x1b[m", `<span style="background:#b42318;font-weight:bold;text-decoration:underline">x</span>`},
		{
			"\x1b[38;5;196mx\x1b[48;2;1;2;3my",
			`<span style="color:rgb(255,0,0)">x</span><span style="color:rgb(255,0,0);background:rgb(1,2,3)">y</span>`,
		},
		{"\x1b[7mx\x1b[27my", `<span style="color:#fff;background:#57606a">x</span>y`},
		{"\x1b[95mx\x1b[22m", `<span style="color:#a475f9">x</span>`},
		{"a\x1b[2Kb\x1b[?25lc\x1b]0;title\x07d", "abcd"},
		{"\x1b[38;5mx\x1b[999;38;2;1my", "xy"},
		{"a\x1b[38:5:196mb\x1b[>4;2mc\x1b[1 qd\x1b[!pe\x1b[@f", "abcdef"},
		{"a\x1b7b\x1b=c\x1b(0d\x1b%Ge\x1bPq#0\x1b\\f\x1b]8;;https://a\x1b\\g", "abcdefg"},
		{"a\x1b]0;never ended", "a]0;never ended"},
		{"a\x1b[3", "a[3"},
		{"a\x1b", "a"},
	} {
		assert.Equal(t, test.want, string(ansiToHTML(test.text)), "%q", test.text)
	}
}

func TestALongNameOfALanguageCostsNoTime(t *testing.T) {
	long := strings.Repeat(";", 1_000_000) // Chroma took four minutes to find no lexer of this name.
	nb := notebook(KernelName, "1")
	nb.Metadata["language_info"] = map[string]any{"name": long}
	nb.Cells = append(nb.Cells, &Cell{Type: MarkdownCell, Source: "```" + long + "\ncode\n```"})
	start := time.Now()
	_, err := nb.HTML(t.TempDir())
	require.NoError(t, err)
	assert.Less(t, time.Since(start), 10*time.Second)
}
