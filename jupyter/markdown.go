package jupyter

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"maps"
	"mime"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/internal/regularfile"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown renders GitHub's Markdown with embedded HTML, formulas and coloured code.
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

// picturesKey is the key of the text's pictures in the parser's context.
var picturesKey = parser.NewContextKey()

// renderMarkdown renders Markdown as HTML with embedded pictures.
func renderMarkdown(source string, p pictures) (template.HTML, error) {
	context := parser.NewContext()
	context.Set(picturesKey, p)
	var b bytes.Buffer
	err := markdown.Convert([]byte(source), &b, parser.WithContext(context))
	return template.HTML(b.String()), err
}

// pictures finds the pictures referenced in a text.
type pictures struct {
	dir         string         // folder of the picture files
	attachments map[string]any // pictures in the cell, by name and MIME type
}

// dataURI returns the picture at the address as a data URI, or "" if there is none.
func (p pictures) dataURI(address string) string {
	address, err := url.PathUnescape(address)
	if err != nil {
		return ""
	}
	if name, ok := strings.CutPrefix(address, "attachment:"); ok {
		bundle, _ := p.attachments[name].(map[string]any)
		for _, kind := range slices.Sorted(maps.Keys(bundle)) { // Sorted, so that pages do not vary.
			if text, ok := bundle[kind].(string); ok {
				return "data:" + kind + ";base64," + strings.Join(strings.Fields(text), "")
			}
		}
		return ""
	}
	kind := mime.TypeByExtension(strings.ToLower(filepath.Ext(address)))
	if !strings.HasPrefix(kind, "image/") || strings.Contains(address, "://") {
		return ""
	}
	data, err := regularfile.Read(filepath.Join(p.dir, address), regularfile.List)
	if err != nil {
		return ""
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
}

// inlinePictures embeds pictures. Pictures on other servers become links, since a page must not load anything.
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
		if !i.HasChildren() {
			i.AppendChild(i, ast.NewString([]byte(address)))
		}
		parent := i.Parent()
		if inLink(i) || holdsLink(i) { // HTML forbids nested links.
			for child := i.FirstChild(); child != nil; child = i.FirstChild() {
				parent.InsertBefore(parent, i, child)
			}
			parent.RemoveChild(parent, i)
			continue
		}
		link := ast.NewLink()
		link.Destination, link.Title = i.Destination, i.Title
		for child := i.FirstChild(); child != nil; child = i.FirstChild() {
			link.AppendChild(link, child)
		}
		parent.ReplaceChild(parent, i, link)
	}
}

// inLink reports whether the node lies within a link.
func inLink(n ast.Node) bool {
	for n = n.Parent(); n != nil; n = n.Parent() {
		if n.Kind() == ast.KindLink {
			return true
		}
	}
	return false
}

// holdsLink reports whether a link lies within the node.
func holdsLink(n ast.Node) bool {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if child.Kind() == ast.KindLink || holdsLink(child) {
			return true
		}
	}
	return false
}

// Formulas stay TeX, protected from Markdown: $x_1$ within a line, $$…$$ on lines of their own.
//
// github.com/gohugoio/hugo-goldmark-extensions/passthrough (v0.5.0) would be an alternative. But it reads "$5 and $6"
// as a formula, and leaves "<" in formulas unescaped.

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

// Parse parses $…$ and $$…$$ within a line. As in pandoc, there must be no space after the opening $, no space
// before the closing one, and no digit after it. So "$5 and $6" is not a formula.
func (mathParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	fence := "$"
	if bytes.HasPrefix(line, []byte("$$")) {
		fence = "$$"
	}
	body := line[len(fence):]
	end := fenceIndex(body, fence)
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

// fenceIndex returns the index of the fence that closes a formula, or -1. It skips escaped dollar signs.
func fenceIndex(tex []byte, fence string) int {
	for i := 0; i < len(tex); i++ {
		if tex[i] == '\\' {
			i++
		} else if bytes.HasPrefix(tex[i:], []byte(fence)) {
			return i
		}
	}
	return -1
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

type displayMathParser struct{}

func (displayMathParser) Trigger() []byte { return []byte{'$'} }

func (displayMathParser) Open(_ ast.Node, reader text.Reader, _ parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	start := bytes.Index(line, []byte("$$"))
	if start < 0 || len(bytes.TrimSpace(line[:start])) > 0 {
		return nil, parser.NoChildren
	}
	start += 2
	n := &displayMath{}
	tex := text.NewSegment(segment.Start-segment.Padding+start, segment.Stop)
	if end := fenceIndex(line[start:], "$$"); end >= 0 {
		if len(bytes.TrimSpace(line[start+end+2:])) > 0 { // Text follows, so mathParser takes it.
			return nil, parser.NoChildren
		}
		n.closed = true
		tex = tex.WithStop(tex.Start + end)
	}
	n.Lines().Append(tex)
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
	if end := fenceIndex(line, "$$"); end >= 0 {
		n.Lines().Append(segment.WithStop(segment.Start - segment.Padding + end))
		for end += 2; end < len(line) && (line[end] == ' ' || line[end] == '\t'); {
			end++
		}
		reader.Advance(end) // The rest of the line is Markdown again.
		return parser.Close
	}
	n.Lines().Append(segment)
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (displayMathParser) Close(ast.Node, text.Reader, parser.Context) {}
func (displayMathParser) CanInterruptParagraph() bool                 { return true }
func (displayMathParser) CanAcceptIndentedLine() bool                 { return false }

// nodeRenderer renders formulas and coloured code.
type nodeRenderer struct{}

func (nodeRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindInlineMath, renderInlineMath)
	r.Register(kindDisplayMath, renderDisplayMath)
	r.Register(ast.KindFencedCodeBlock, renderCode)
}

func renderInlineMath(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		w.WriteString(`<span class="math">` + template.HTMLEscapeString(string(n.(*inlineMath).tex)) + "</span>")
	}
	return ast.WalkSkipChildren, nil
}

func renderDisplayMath(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		tex := string(n.Lines().Value(source))
		w.WriteString(`<div class="math">` + template.HTMLEscapeString(strings.TrimSpace(tex)) + "</div>\n")
	}
	return ast.WalkSkipChildren, nil
}

func renderCode(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	language := string(n.(*ast.FencedCodeBlock).Language(source))
	if lexerOf(language) == nil {
		language = "text"
	}
	code, err := highlight(string(n.Lines().Value(source)), language)
	w.WriteString(string(code))
	return ast.WalkSkipChildren, err
}
