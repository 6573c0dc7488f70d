package jupyter

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"go/constant"
	"go/parser"
	"go/token"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzDecode reads notebooks. Writing one and reading it again must change nothing, and no notebook may break the page.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(awkward))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		nb, err := Decode(data)
		if err != nil {
			assert.Nil(t, nb)
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		once := encoded(t, nb)
		again, err := Decode(once)
		require.NoError(t, err, "%s", once)
		assert.Equal(t, string(once), string(encoded(t, again)))

		// Some metadata is left out on purpose. See toJSON.
		for _, c := range slices.Concat(nb.Cells, again.Cells) {
			c.Metadata = nil
		}
		assert.Equal(t, nb.Cells, again.Cells)

		_, err = nb.HTML(dir)
		require.NoError(t, err)
	})
}

func encoded(t *testing.T, nb *Notebook) []byte {
	t.Helper()
	data, err := nb.Encode()
	require.NoError(t, err)
	return data
}

// FuzzANSI renders text with escape sequences. The page must show the text and nothing else.
func FuzzANSI(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
		html := string(ansiToHTML(text))
		assert.NotContains(t, html, "\x1b")
		shown := checkHTML(t, string(printable([]byte(html))), map[string]string{"span": "style"})
		want := string(printable([]byte(escape.ReplaceAllString(text, ""))))
		assert.Equal(t, strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(want), shown)
	})
}

// markdownTags are the elements that text without HTML becomes, and their attributes.
var markdownTags = map[string]string{
	"p": "", "h1": "id", "h2": "id", "h3": "id", "h4": "id", "h5": "id", "h6": "id", "hr": "", "br": "", "blockquote": "",
	"ul": "", "ol": "start", "li": "", "em": "", "strong": "", "del": "", "code": "class", "pre": "class tabindex",
	"a": "href title", "img": "src alt title", "input": "checked disabled type",
	"table": "", "thead": "", "tbody": "", "tr": "", "th": "style align", "td": "style align",
	"span": "class", "div": "class",
}

// FuzzMarkdown renders text without HTML. It must become no elements but those of Markdown, in good order.
func FuzzMarkdown(f *testing.F) {
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, source string) {
		_, err := renderMarkdown(source, pictures{dir: dir})
		require.NoError(t, err)

		html, err := renderMarkdown(strings.ReplaceAll(source, "<", ""), pictures{dir: dir})
		require.NoError(t, err)
		checkHTML(t, string(printable([]byte(html))), markdownTags)
	})
}

// FuzzTeX renders formulas, in a line and on lines of their own. The page must hold them to the letter.
func FuzzTeX(f *testing.F) {
	f.Fuzz(func(t *testing.T, tex string) {
		switch {
		case fenceIndex([]byte(tex), "$") >= 0, strings.ContainsAny(tex, "\r\n"),
			strings.HasSuffix(tex, `\`), strings.TrimSpace(tex) == "":
			return // Not the inside of a formula.
		}
		render := func(source string) string {
			html, err := renderMarkdown(source, pictures{})
			require.NoError(t, err)
			return string(html)
		}
		escaped := template.HTMLEscapeString(tex)
		if strings.Trim(tex, " \t") == tex {
			assert.Equal(t, `<p>a <span class="math">`+escaped+"</span> b</p>\n", render("a $"+tex+"$ b"))
		}
		assert.Equal(t, `<p>a <span class="math">`+escaped+"</span> b</p>\n", render("a $$"+tex+"$$ b"))
		block := `<div class="math">` + template.HTMLEscapeString(strings.TrimSpace(tex)) + "</div>\n"
		assert.Equal(t, block, render("$$"+tex+"$$"))
		assert.Equal(t, block+"<p>b</p>\n", render("$$\n"+tex+"\n$$\nb"))
		assert.Equal(t, block+"<p>b</p>\n", render("$$"+tex+"\n$$ b"))
	})
}

// FuzzPage puts foreign text wherever a notebook has text that is no HTML.
func FuzzPage(f *testing.F) {
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, language string) {
		nb := &Notebook{
			Metadata: map[string]any{"language_info": map[string]any{"name": language}},
			Cells: []*Cell{
				{Type: RawCell, ID: text, Source: text},
				{Type: MarkdownCell, Source: "# " + strings.ReplaceAll(text, "<", "")},
				{Type: CodeCell, ID: text, Source: text, Outputs: []*Output{
					{Type: StreamOutput, Name: text, Text: text},
					{Type: ErrorOutput, ErrorName: text, ErrorValue: text},
					{Type: ErrorOutput, Traceback: []string{text, text}},
					{Type: DisplayOutput, Data: map[string]any{"text/plain": text}},
					{Type: DisplayOutput, Data: map[string]any{"image/png": text}, Metadata: map[string]any{
						"image/png": map[string]any{"width": text}}},
					{Type: DisplayOutput, Data: map[string]any{"image/svg+xml": text}},
					{Type: DisplayOutput, Data: map[string]any{"application/json": text}},
					{Type: DisplayOutput, Data: map[string]any{text: "x"}},
				}},
			},
		}
		html, err := nb.HTML(dir)
		require.NoError(t, err)
		_, body, found := strings.Cut(string(html), "<body>")
		require.True(t, found)
		assert.Equal(t, 1, strings.Count(string(html), "<title>"))
		body, found = strings.CutSuffix(body, "</body>\n</html>\n")
		require.True(t, found)
		if strings.HasPrefix(text, "text/html") || strings.HasPrefix(text, "text/markdown") {
			return
		}
		tags := map[string]string{}
		for tag, attributes := range markdownTags {
			tags[tag] = attributes + " class style"
		}
		tags["main"], tags["section"], tags["img"] = "", "class id", "src alt width title"
		checkHTML(t, body, tags)
	})
}

// checkHTML fails the test unless html is well formed and has only those elements, each with some of its attributes. It
// returns the text.
func checkHTML(t *testing.T, html string, tags map[string]string) string {
	t.Helper()
	assert.NotContains(t, strings.ToLower(html), "<script")
	decoder := xml.NewDecoder(strings.NewReader("<root>" + html + "</root>"))
	decoder.AutoClose = []string{"br", "hr", "img", "input"} // They have no end tag in HTML.
	decoder.Strict = false
	decoder.Entity = map[string]string{}
	var text strings.Builder
	var open []string
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err, "%s", html)
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			if name != "root" {
				require.Contains(t, tags, name, "%s", html)
			}
			for _, a := range token.Attr {
				require.Contains(t, strings.Fields(tags[name]), a.Name.Local, "%s", html)
			}
			if name == "a" {
				require.NotContains(t, open, "a", "a link within a link: %s", html)
			}
			open = append(open, name)
		case xml.EndElement:
			require.Equal(t, open[len(open)-1], token.Name.Local, "%s", html)
			open = open[:len(open)-1]
		case xml.CharData:
			text.Write(token)
		default:
			require.Fail(t, "neither an element nor text", "%T in %s", token, html)
		}
	}
	require.Empty(t, open, "%s", html)
	return text.String()
}

// FuzzMessage takes a message apart that has the right signature. Putting it together again must change nothing.
func FuzzMessage(f *testing.F) {
	key := []byte("key")
	f.Fuzz(func(t *testing.T, identity, header, parent, content []byte) {
		_, err := decode(key, [][]byte{identity, delimiter, header, parent, content})
		require.Error(t, err)
		body := [][]byte{header, parent, []byte("{}"), content}
		m, err := decode(key, append([][]byte{identity, delimiter, sign(key, body)}, body...))
		if err != nil || bytes.Equal(identity, delimiter) {
			return
		}
		frames, err := m.encode(key)
		require.NoError(t, err)
		again, err := decode(key, frames)
		require.NoError(t, err)
		assert.Equal(t, m, again)

		frames[5] = append(bytes.Clone(content), ' ')
		_, err = decode(key, frames)
		assert.ErrorContains(t, err, "wrong signature")
	})
}

// FuzzOutputs publishes a line as the content of a message of the type that the line begins with. The cell and the
// widgets must hold what a file can hold.
func FuzzOutputs(f *testing.F) {
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, messages string) {
		nb := notebook("python3", "1", "2")
		c := newCollector(silent{})
		c.begin(nb.Cells[0])
		for line := range strings.Lines(messages) {
			kind, content, _ := strings.Cut(strings.TrimSpace(line), " ")
			if kind == "next" {
				c.end()
				c.begin(nb.Cells[1])
				continue
			}
			m := &message{
				Header: header{Type: kind}, Parent: header{ID: "request"}, Content: json.RawMessage(content),
				Buffers: [][]byte{[]byte(content)},
			}
			idle, err := c.take(m)
			if idle {
				assert.Equal(t, "status", kind)
			}
			if err != nil {
				assert.Contains(t, published, kind, "an irrelevant message ends the run")
			}
		}
		c.end()
		for _, w := range c.widgets.takeChanged() {
			_, err := newRequest("session", "comm_msg", w.update())
			require.NoError(t, err)
		}
		if widgets := c.widgets.metadata(); widgets != nil {
			nb.Metadata["widgets"] = widgets
		}
		once := encoded(t, nb)
		again, err := Decode(once)
		require.NoError(t, err)
		assert.Equal(t, string(once), string(encoded(t, again)))
		for i, cell := range nb.Cells {
			for j, o := range cell.Outputs {
				for mime, v := range o.Data {
					assert.Equal(t, v, again.Cells[i].Outputs[j].Data[mime], mime)
				}
			}
		}
		_, err = nb.HTML(dir)
		require.NoError(t, err)
	})
}

// carriageReturn is nbclient's rule for what a carriage return overwrites.
var carriageReturn = regexp.MustCompile(`.*\r([^\n])`)

// FuzzStream prints a text in two pieces, which must come to what nbclient makes of the whole.
func FuzzStream(f *testing.F) {
	f.Fuzz(func(t *testing.T, first, second string) {
		var s streamText
		s.print(first)
		s.print(second)
		assert.Equal(t, carriageReturn.ReplaceAllString(first+second, "$1"), string(s.text))
	})
}

// FuzzParameters sets a parameter of a cell to a value. The injected cell must be an assignment of it and no more.
func FuzzParameters(f *testing.F) {
	f.Fuzz(func(t *testing.T, source, value string) {
		for _, language := range []string{"go", "python"} {
			nb := notebook("none", source)
			nb.Metadata["language_info"] = map[string]any{"name": language}
			nb.Cells[0].Metadata["tags"] = []any{parametersTag}
			parameters, err := nb.Parameters()
			if err != nil {
				require.ErrorIs(t, err, ErrParameter)
				continue
			}
			for _, p := range parameters {
				err := nb.SetParameters(map[string]Value{p.Name: Argument(value)})
				if err != nil {
					require.ErrorIs(t, err, ErrParameter)
					continue
				}
				require.Len(t, nb.Cells, 2)
				injected := nb.Cells[1].Source
				if language == "python" {
					assert.Equal(t, 1, strings.Count(injected, "\n"), injected)
					assert.NotRegexp(t, regexp.MustCompile(`= 0[0-9x]`), injected)
					continue
				}
				file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+injected, 0)
				require.NoError(t, err, injected)
				require.Len(t, file.Decls, 1, injected)
				if p.Type == "string" {
					_, literal, _ := strings.Cut(injected, "= ")
					assert.Equal(t, value, constant.StringVal(constant.MakeFromLiteral(literal, token.STRING, 0)))
				}
			}
		}
	})
}
