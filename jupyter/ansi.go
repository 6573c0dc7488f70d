package jupyter

import (
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"
)

// escape matches an ANSI escape sequence (ECMA-48). The first group holds the numbers of a sequence that sets colours.
var escape = regexp.MustCompile("\x1b(?:" + strings.Join([]string{
	`\[([0-9;]*)m`,                         // colours
	`\[[0-?]*[ -/]*[@-~]`,                  // other control sequences
	"[]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)", // titles, links, pictures: up to BEL or ESC \
	`[ -/]+[0-~]`,                          // character sets
	`[0-OQ-WYZ\\` + "`" + `-~]`,            // single functions
	``,                                     // what is cut off
}, "|") + ")")

// ansiToHTML renders text as HTML, with its ANSI colours as spans. Other escape sequences are left out.
//
// github.com/buildkite/terminal-to-html (v3.16.8) would be an alternative, but misreads kernels' output: it takes the
// red, green and blue of 38;2;R;G;B for styles of their own, ignores reverse video, and drops spaces at line ends.
func ansiToHTML(text string) template.HTML {
	var b strings.Builder
	var style ansiStyle
	end := 0
	for _, m := range escape.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(style.span(text[end:m[0]]))
		end = m[1]
		if m[2] >= 0 {
			style.set(text[m[2]:m[3]])
		}
	}
	b.WriteString(style.span(text[end:]))
	return template.HTML(b.String())
}

// ansiStyle is the style of text. Colours are CSS colours; "" is the default.
type ansiStyle struct {
	text, ground                           string
	bold, faint, italic, underline, invert bool
}

// set applies the numbers of one sequence, such as "1;31".
func (s *ansiStyle) set(numbers string) {
	var codes []int
	for n := range strings.SplitSeq(numbers, ";") {
		code, _ := strconv.Atoi(n) // An empty number is 0.
		codes = append(codes, code)
	}
	for len(codes) > 0 {
		code := codes[0]
		codes = codes[1:]
		switch {
		case code == 0:
			*s = ansiStyle{}
		case code == 1:
			s.bold = true
		case code == 2:
			s.faint = true
		case code == 3:
			s.italic = true
		case code == 4:
			s.underline = true
		case code == 7:
			s.invert = true
		case code == 22:
			s.bold, s.faint = false, false
		case code == 23:
			s.italic = false
		case code == 24:
			s.underline = false
		case code == 27:
			s.invert = false
		case code >= 30 && code <= 37:
			s.text = colour256(code - 30)
		case code == 38:
			s.text, codes = extendedColour(codes)
		case code == 39:
			s.text = ""
		case code >= 40 && code <= 47:
			s.ground = colour256(code - 40)
		case code == 48:
			s.ground, codes = extendedColour(codes)
		case code == 49:
			s.ground = ""
		case code >= 90 && code <= 97:
			s.text = colour256(code - 90 + 8)
		case code >= 100 && code <= 107:
			s.ground = colour256(code - 100 + 8)
		}
	}
}

// extendedColour reads the numbers after 38 or 48, "5;index" or "2;red;green;blue", and returns those left over.
func extendedColour(codes []int) (string, []int) {
	switch {
	case len(codes) >= 2 && codes[0] == 5:
		return colour256(codes[1]), codes[2:]
	case len(codes) >= 4 && codes[0] == 2:
		return fmt.Sprintf("rgb(%d,%d,%d)", codes[1], codes[2], codes[3]), codes[4:]
	}
	return "", nil
}

// ansiColours are the 16 named colours, dark enough to read on white.
var ansiColours = [16]string{
	"#24292f", "#b42318", "#1a7f37", "#8a5a00", "#0550ae", "#8250df", "#1b7c83", "#57606a",
	"#57606a", "#cf222e", "#2da44e", "#9a6700", "#0969da", "#a475f9", "#3192aa", "#8c959f",
}

// colour256 returns a colour of the 256-colour palette: 16 named ones, a 6×6×6 cube, and 24 greys.
func colour256(i int) string {
	switch {
	case i < 0 || i > 255:
		return ""
	case i < 16:
		return ansiColours[i]
	case i < 232:
		level := func(n int) int {
			if n == 0 {
				return 0
			}
			return 55 + 40*n
		}
		i -= 16
		return fmt.Sprintf("rgb(%d,%d,%d)", level(i/36), level(i/6%6), level(i%6))
	default:
		grey := 8 + 10*(i-232)
		return fmt.Sprintf("rgb(%d,%d,%d)", grey, grey, grey)
	}
}

func (s *ansiStyle) span(text string) string {
	if text == "" {
		return ""
	}
	text = template.HTMLEscapeString(text)
	var css []string
	colour, ground := s.text, s.ground
	if s.invert {
		colour, ground = ground, colour
		if colour == "" {
			colour = "#fff"
		}
		if ground == "" {
			ground = "#57606a"
		}
	}
	add := func(condition bool, declaration string) {
		if condition {
			css = append(css, declaration)
		}
	}
	add(colour != "", "color:"+colour)
	add(ground != "", "background:"+ground)
	add(s.bold, "font-weight:bold")
	add(s.faint, "opacity:.7")
	add(s.italic, "font-style:italic")
	add(s.underline, "text-decoration:underline")
	if len(css) == 0 {
		return text
	}
	return `<span style="` + strings.Join(css, ";") + `">` + text + "</span>"
}
