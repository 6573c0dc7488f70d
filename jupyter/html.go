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

// richest lists the MIME types that a page shows, the best first.
var richest = []string{
	"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "text/html", "text/markdown", "text/latex", "text/plain",
}

// WriteHTML writes the notebook as one self-contained page: its text, code, and outputs, with the pictures inside. Pictures
// that its text shows from files are looked for beside the page. Whoever reads path meanwhile sees the old page or the whole
// new one.
func WriteHTML(path string, nb *Notebook) error {
	data, err := nb.HTML(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return atomicfile.WriteBytes(path, data)
}

// HTML renders the notebook as one self-contained page. Pictures that its text shows from files are taken from dir.
//
// HTML that the notebook's text or outputs hold is put into the page as it is, as JupyterLab does with a notebook that it
// trusts: do not open the page of a notebook that you would not run.
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
			cell.Code = code
			if c.ExecutionCount != nil {
				cell.Count = fmt.Sprint(*c.ExecutionCount)
			}
			for _, o := range c.Outputs {
				output, err := renderOutput(o, dir)
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
	return b.Bytes(), nil
}

// pageCell and pageOutput are what the template shows.
type pageCell struct {
	ID, Type, Count string
	Injected        bool
	Text, Code      template.HTML
	Raw             string
	Outputs         []pageOutput
}

type pageOutput struct {
	Kind string // CSS class: stdout, stderr, error, image, html, plain
	Body template.HTML
}

// title is the notebook's first heading.
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

// highlight colours code. Without a known language it stays plain.
func highlight(code, language string) (template.HTML, error) {
	lexer := lexers.Get(language)
	if lexer == nil {
		lexer = lexers.Fallback
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, strings.TrimRight(code, "\n"))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = codeFormatter.Format(&b, codeStyle, tokens)
	return template.HTML(b.String()), err
}

func renderOutput(o *Output, dir string) (pageOutput, error) {
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
		return renderData(o.Data, o.Metadata, dir)
	}
}

// renderData shows the richest of the forms that data comes in; metadata may tell the width of a picture.
func renderData(data, metadata map[string]any, dir string) (pageOutput, error) {
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
	case mime == "image/svg+xml": // As a picture, its ids and styles do not reach the rest of the page.
		return pageOutput{"image", image(mime, base64.StdEncoding.EncodeToString([]byte(text)), metadata)}, nil
	case strings.HasPrefix(mime, "image/"):
		return pageOutput{"image", image(mime, strings.Join(strings.Fields(text), ""), metadata)}, nil
	case mime == "text/html":
		return pageOutput{"html", template.HTML(text)}, nil
	case mime == "text/markdown":
		body, err := renderMarkdown(text, pictures{dir: dir})
		return pageOutput{"html", body}, err
	default:
		return pageOutput{"plain", preformatted(text)}, nil
	}
}

// unshown stands for data of kinds that a page without scripts cannot show, such as widgets. JSON is shown as text.
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
	return pageOutput{"plain", preformatted("(open the notebook to see this output: " + strings.Join(kinds, ", ") + ")")}, nil
}

// image is a picture, as wide as its metadata says, if they do: {"image/png": {"width": 450}}, in pixels of the page.
func image(mime, data string, metadata map[string]any) template.HTML {
	var width string
	if size, ok := metadata[mime].(map[string]any); ok {
		if pixels, err := strconv.Atoi(fmt.Sprint(size["width"])); err == nil && pixels > 0 {
			width = fmt.Sprintf(` width="%d"`, pixels)
		}
	}
	return template.HTML(fmt.Sprintf(`<img alt="output"%s src="data:%s;base64,%s">`, width, mime, template.HTMLEscapeString(data)))
}

func preformatted(text string) template.HTML {
	return "<pre>" + ansiToHTML(text) + "</pre>"
}
