package jupyter

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"mime"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown renders GitHub's Markdown with HTML in it, formulas, and coloured code.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.GFM),
	goldmark.WithParserOptions(
		parser.WithAutoHeadingID(),
		parser.WithBlockParsers(util.Prioritized(displayMathParser{}, 90)),
		parser.WithInlineParsers(util.Prioritized(mathParser{}, 90)),
		parser.WithASTTransformers(util.Prioritized(inlinePictures{}, 900)),
	),
	goldmark.WithRendererOptions(
		html.WithUnsafe(),
		renderer.WithNodeRenderers(util.Prioritized(nodeRenderer{}, 90)),
	),
)

// picturesKey finds the pictures of the text that is being parsed.
var picturesKey = parser.NewContextKey()

// renderMarkdown renders text, with the pictures that it shows inside.
func renderMarkdown(source string, p pictures) (template.HTML, error) {
	context := parser.NewContext()
	context.Set(picturesKey, p)
	var b bytes.Buffer
	err := markdown.Convert([]byte(source), &b, parser.WithContext(context))
	return template.HTML(b.String()), err
}

// pictures finds the pictures that a text shows.
type pictures struct {
	dir         string         // of picture files
	attachments map[string]any // pictures that the cell holds, by name and MIME type
}

// dataURI returns a picture as a data URI, or "" where there is none of that address.
func (p pictures) dataURI(address string) string {
	address, err := url.PathUnescape(address)
	if err != nil {
		return ""
	}
	if name, ok := strings.CutPrefix(address, "attachment:"); ok {
		bundle, _ := p.attachments[name].(map[string]any)
		for kind, data := range bundle {
			if text, ok := data.(string); ok {
				return "data:" + kind + ";base64," + strings.Join(strings.Fields(text), "")
			}
		}
		return ""
	}
	kind := mime.TypeByExtension(strings.ToLower(filepath.Ext(address)))
	if !strings.HasPrefix(kind, "image/") || strings.Contains(address, "://") {
		return ""
	}
	data, err := os.ReadFile(filepath.Join(p.dir, address))
	if err != nil {
		return ""
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
}

// inlinePictures puts pictures into the page, and makes links of those that are elsewhere: a page must not load anything.
type inlinePictures struct{}

func (inlinePictures) Transform(document *ast.Document, _ text.Reader, context parser.Context) {
	p, _ := context.Get(picturesKey).(pictures)
	var images []*ast.Image
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if i, ok := n.(*ast.Image); ok && entering {
			images = append(images, i)
		}
		return ast.WalkContinue, nil
	})
	for _, i := range images {
		address := string(i.Destination)
		if strings.HasPrefix(address, "data:") {
			continue
		}
		if uri := p.dataURI(address); uri != "" {
			i.Destination = []byte(uri)
			continue
		}
		link := ast.NewLink()
		link.Destination, link.Title = i.Destination, i.Title
		for child := i.FirstChild(); child != nil; child = i.FirstChild() {
			link.AppendChild(link, child)
		}
		if !link.HasChildren() {
			link.AppendChild(link, ast.NewString([]byte(address)))
		}
		i.Parent().ReplaceChild(i.Parent(), i, link)
	}
}

// Formulas stay TeX, kept from being taken for Markdown: $x_1$ in a line, $$…$$ in lines of its own.

type inlineMath struct {
	ast.BaseInline
	tex []byte
}

type displayMath struct {
	ast.BaseBlock
	closed bool
}

var (
	kindInlineMath  = ast.NewNodeKind("InlineMath")
	kindDisplayMath = ast.NewNodeKind("DisplayMath")
)

func (*inlineMath) Kind() ast.NodeKind              { return kindInlineMath }
func (n *inlineMath) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

func (*displayMath) Kind() ast.NodeKind              { return kindDisplayMath }
func (*displayMath) IsRaw() bool                     { return true }
func (n *displayMath) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

type mathParser struct{}

func (mathParser) Trigger() []byte { return []byte{'$'} }

// Parse takes $…$ and $$…$$ within a line. As pandoc has it, the first $ has no space after it and the last none before it
// nor a digit behind it, so that "$5 and $6" is no formula.
func (mathParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	fence := "$"
	if bytes.HasPrefix(line, []byte("$$")) {
		fence = "$$"
	}
	body := line[len(fence):]
	end := bytes.Index(body, []byte(fence))
	if end < 1 {
		return nil
	}
	after := body[end+len(fence):]
	tex := body[:end]
	if fence == "$" && (isSpace(tex[0]) || isSpace(tex[end-1]) || len(after) > 0 && after[0] >= '0' && after[0] <= '9') {
		return nil
	}
	block.Advance(end + 2*len(fence))
	return &inlineMath{tex: bytes.Clone(tex)}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

type displayMathParser struct{}

func (displayMathParser) Trigger() []byte { return []byte{'$'} }

func (displayMathParser) Open(_ ast.Node, reader text.Reader, _ parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	trimmed := bytes.TrimSpace(line)
	if !bytes.HasPrefix(trimmed, []byte("$$")) {
		return nil, parser.NoChildren
	}
	rest := bytes.TrimSpace(trimmed[2:])
	n := &displayMath{}
	if i := bytes.Index(rest, []byte("$$")); i >= 0 {
		if i+2 < len(rest) { // Text follows: it is a formula within a line.
			return nil, parser.NoChildren
		}
		n.closed = true
	}
	n.Lines().Append(segment)
	reader.AdvanceToEOL()
	return n, parser.NoChildren
}

func (displayMathParser) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	n := node.(*displayMath)
	if n.closed {
		return parser.Close
	}
	line, segment := reader.PeekLine()
	if line == nil {
		return parser.Close
	}
	n.closed = bytes.HasSuffix(bytes.TrimSpace(line), []byte("$$"))
	n.Lines().Append(segment)
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (displayMathParser) Close(ast.Node, text.Reader, parser.Context) {}
func (displayMathParser) CanInterruptParagraph() bool                 { return true }
func (displayMathParser) CanAcceptIndentedLine() bool                 { return false }

// nodeRenderer renders formulas, and code in the colours of its language.
type nodeRenderer struct{}

func (nodeRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindInlineMath, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			w.WriteString(`<span class="math">` + template.HTMLEscapeString(string(n.(*inlineMath).tex)) + "</span>")
		}
		return ast.WalkSkipChildren, nil
	})
	r.Register(kindDisplayMath, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			tex := strings.ReplaceAll(string(n.Lines().Value(source)), "$$", "")
			w.WriteString(`<div class="math">` + template.HTMLEscapeString(strings.TrimSpace(tex)) + "</div>\n")
		}
		return ast.WalkSkipChildren, nil
	})
	r.Register(ast.KindFencedCodeBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		language := string(n.(*ast.FencedCodeBlock).Language(source))
		if lexers.Get(language) == nil {
			language = "text"
		}
		code, err := highlight(string(n.Lines().Value(source)), language)
		w.WriteString(string(code))
		return ast.WalkSkipChildren, err
	})
}
