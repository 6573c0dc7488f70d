package jupyter

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/formatters/html"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/alecthomas/chroma/v2/styles"
	"github.com/moelab/moelab/internal/atomicfile"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// codeStyle and codeFormatter colour code by CSS classes.
var (
	codeStyle     = styles.Get("github")
	codeFormatter = html.New(html.WithClasses(true), html.TabWidth(4))
)

// richest lists the MIME types shown on a page, the preferred ones first.
var richest = []string{
	"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml",
	"text/html", "text/markdown", "text/latex", "text/plain",
}

// WriteHTML writes the notebook as one self-contained page: text, code and outputs, with the pictures embedded. Picture
// files referenced in the text are read from the folder of the page. The file is replaced as a whole: a concurrent
// reader sees the old page or the new one.
func WriteHTML(path string, nb *Notebook) error {
	data, err := nb.HTML(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return atomicfile.WriteBytes(path, data)
}

// HTML renders the notebook as one self-contained page. Picture files referenced in the text are read from dir.
//
// HTML in the notebook's text and outputs goes into the page unchanged, as in JupyterLab with a trusted notebook. Do
// not open the page of a notebook that you would not run.
func (nb *Notebook) HTML(dir string) ([]byte, error) {
	var style bytes.Buffer
	style.WriteString(pageStyle)
	if err := codeFormatter.WriteCSS(&style, codeStyle); err != nil {
		return nil, err
	}
	page := struct {
		Title string
		Style template.CSS
		Cells []pageCell
	}{Title: nb.title(), Style: template.CSS(style.String())}

	for _, c := range nb.Cells {
		cell := pageCell{ID: c.ID, Type: c.Type, Injected: c.HasTag(injectedTag)}
		switch c.Type {
		case MarkdownCell:
			text, err := renderMarkdown(c.Source, pictures{dir: dir, attachments: c.attachments})
			if err != nil {
				return nil, err
			}
			cell.Text = text
		case CodeCell:
			code, err := highlight(c.Source, nb.Language())
			if err != nil {
				return nil, err
			}
			cell.Code, cell.Hidden = code, c.hidesCode()
			if c.ExecutionCount != nil {
				cell.Count = fmt.Sprint(*c.ExecutionCount)
			}
			for _, o := range c.Outputs {
				r := &outputRenderer{dir: dir, models: nb.widgetModels(), seen: map[string]bool{}}
				output, err := r.output(o)
				if err != nil {
					return nil, err
				}
				cell.Outputs = append(cell.Outputs, output)
			}
		default:
			cell.Raw = c.Source
		}
		page.Cells = append(page.Cells, cell)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, page); err != nil {
		return nil, err
	}
	return printable(b.Bytes()), nil
}

// printable removes the control characters that HTML forbids, such as the backspaces of progress bars, and replaces
// invalid UTF-8 by U+FFFD.
func printable(page []byte) []byte {
	return bytes.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r':
			return r
		case r == '\v', r == '\f':
			return ' '
		case r < ' ', r == 0x7f, r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, page)
}

// pageCell and pageOutput are the data of the template.
type pageCell struct {
	ID, Type, Count string
	Injected        bool
	Hidden          bool // the code, not its outputs
	Text, Code      template.HTML
	Raw             string
	Outputs         []pageOutput
}

type pageOutput struct {
	Kind string // CSS class: stdout, stderr, error, image, html, plain
	Body template.HTML
}

// title returns the notebook's first heading of level 1, or "Notebook".
func (nb *Notebook) title() string {
	for _, c := range nb.Cells {
		if c.Type != MarkdownCell {
			continue
		}
		for line := range strings.Lines(c.Source) {
			if heading, ok := strings.CutPrefix(line, "# "); ok {
				return strings.TrimSpace(heading)
			}
		}
	}
	return "Notebook"
}

// highlight colours code. Code in an unknown language stays plain.
func highlight(code, language string) (template.HTML, error) {
	lexer := lexerOf(language)
	if lexer == nil {
		lexer = lexers.Fallback
	}
	code = strings.TrimRight(code, "\n")
	tokens, ok := tokenise(lexer, code)
	if !ok {
		tokens, _ = tokenise(lexers.Fallback, code)
	}
	var b strings.Builder
	err := codeFormatter.Format(&b, codeStyle, chroma.Literator(tokens...))
	return template.HTML(b.String()), err
}

// lexerOf returns the lexer of a language, or nil. Chroma compares the name with all patterns of names of files, which
// takes a second for each 4,000 letters.
func lexerOf(language string) chroma.Lexer {
	const longestName = 100
	if len(language) > longestName {
		return nil
	}
	return lexers.Get(language)
}

// tokenise splits code into tokens, and reports whether the lexer came to an end. Chroma's lexer of JSONata returns
// empty tokens for ever on an open quote.
func tokenise(lexer chroma.Lexer, code string) (tokens []chroma.Token, ok bool) {
	const maxEmpty = 1000
	next, err := lexer.Tokenise(nil, code)
	if err != nil {
		return nil, false
	}
	empty := 0 // in a row
	for token := next(); token != chroma.EOF; token = next() {
		last := len(tokens) - 1
		switch {
		case token.Value == "":
			if empty++; empty > maxEmpty {
				return nil, false
			}
			continue
		case last >= 0 && tokens[last].Type == token.Type && len(tokens[last].Value) < 8192:
			tokens[last].Value += token.Value
		default:
			tokens = append(tokens, token)
		}
		empty = 0
	}
	return tokens, true
}

// outputRenderer renders one output of a cell.
type outputRenderer struct {
	dir    string         // of pictures in Markdown
	models map[string]any // of widgets, by id
	seen   map[string]bool
}

func (r *outputRenderer) output(o *Output) (pageOutput, error) {
	switch o.Type {
	case StreamOutput:
		return pageOutput{o.Name, preformatted(o.Text)}, nil
	case ErrorOutput:
		text := strings.Join(o.Traceback, "\n")
		if strings.TrimSpace(text) == "" {
			text = o.ErrorName + ": " + o.ErrorValue
		}
		return pageOutput{"error", preformatted(text)}, nil
	default:
		return r.data(o.Data, o.Metadata)
	}
}

// data renders the richest form of data. Metadata may give the width of a picture.
func (r *outputRenderer) data(data, metadata map[string]any) (pageOutput, error) {
	if body, ok := r.view(data); ok {
		return pageOutput{"html", body}, nil
	}
	i := slices.IndexFunc(richest, func(mime string) bool { return data[mime] != nil })
	if i < 0 {
		return unshown(data)
	}
	mime := richest[i]
	text, ok := data[mime].(string)
	if !ok {
		return unshown(data)
	}
	switch {
	case mime == "image/svg+xml": // In an img element, its ids and styles cannot affect the rest of the page.
		return pageOutput{"image", image(mime, base64.StdEncoding.EncodeToString([]byte(text)), metadata)}, nil
	case strings.HasPrefix(mime, "image/"):
		return pageOutput{"image", image(mime, strings.Join(strings.Fields(text), ""), metadata)}, nil
	case mime == "text/html":
		return pageOutput{"html", template.HTML(text)}, nil
	case mime == "text/markdown":
		body, err := renderMarkdown(text, pictures{dir: r.dir})
		return pageOutput{"html", body}, err
	default:
		return pageOutput{"plain", preformatted(text)}, nil
	}
}

// unshown renders JSON as text, and a placeholder for data that needs scripts, such as most widgets.
func unshown(data map[string]any) (pageOutput, error) {
	var kinds []string
	for mime, v := range data {
		if mime == "application/json" {
			text, err := json.MarshalIndent(v, "", "  ")
			return pageOutput{"plain", preformatted(string(text))}, err
		}
		kinds = append(kinds, mime)
	}
	if len(kinds) == 0 {
		return pageOutput{}, nil
	}
	slices.Sort(kinds)
	note := "(open the notebook to see this output: " + strings.Join(kinds, ", ") + ")"
	return pageOutput{"plain", preformatted(note)}, nil
}

// image renders a picture from base64. Metadata may give its width in CSS pixels: {"image/png": {"width": 450}}.
func image(mime, data string, metadata map[string]any) template.HTML {
	var width string
	if size, ok := metadata[mime].(map[string]any); ok {
		if pixels, err := strconv.Atoi(fmt.Sprint(size["width"])); err == nil && pixels > 0 {
			width = fmt.Sprintf(` width="%d"`, pixels)
		}
	}
	data = template.HTMLEscapeString(data)
	return template.HTML(fmt.Sprintf(`<img alt="output"%s src="data:%s;base64,%s">`, width, mime, data))
}

func preformatted(text string) template.HTML {
	return "<pre>" + ansiToHTML(text) + "</pre>"
}
