package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/labtest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// config is the configuration of the tests' runs.
type config struct {
	Rate float64 `json:"rate"`
	Note string  `json:"note"`
	lab.Schedule
}

func (c config) Validate() error { return nil }

var kinds = []lab.AnyKind{&lab.Kind[config]{
	Name: "test",
	Curves: func(config) []lab.Curve {
		return []lab.Curve{
			{Name: "losses", Title: "Both losses", Y: "loss", Metrics: []string{"D", "G"}},
			{Name: "length", Title: "Length", Y: "length", Log: true, Metrics: []string{"odd<b>"}},
		}
	},
}}

// makeRun makes a run of a hundred steps that is at one of them, with metrics and pictures.
func makeRun(t testing.TB, dir, name string, step int, c config) *lab.Run {
	c.Steps = 100
	run, err := lab.Create(filepath.Join(dir, name), lab.Experiment{Name: "test", Config: c})
	require.NoError(t, err)
	require.NoError(t, run.Close())
	require.NoError(t, labtest.Checkpoint(run.Dir(), int64(step)))
	var lines strings.Builder
	for i := 1; i <= step; i++ {
		fmt.Fprintln(&lines, metricLine(i))
	}
	require.NoError(t, os.WriteFile(run.Path("metrics.jsonl"), []byte(lines.String()), 0o644))
	for _, at := range []int64{10, 20} {
		picture := image.NewRGBA(image.Rect(0, 0, 8, 8))
		picture.Set(1, 1, color.White)
		require.NoError(t, lab.SaveStrip(run.Dir(), at, []*image.RGBA{picture, picture}))
	}
	return run
}

func metricLine(step int) string {
	return fmt.Sprintf(`{"step":%d,"seconds":%d,"values":{"D":%g,"G":0.5,"odd<b>":1}}`, step, step, 1/float64(step))
}

// newServer serves a folder.
func newServer(t testing.TB, dir string) *Server {
	s, err := New(dir, kinds)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// ask sends a request for an address below the secret path.
func ask(s *Server, address string) *httptest.ResponseRecorder {
	return send(s, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+s.Path()+address, nil))
}

func send(s *Server, request *http.Request) *httptest.ResponseRecorder {
	s.listing.at = time.Time{}
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	return answer
}

func TestOnlyWhoKnowsTheAddressIsAnswered(t *testing.T) {
	dir := t.TempDir()
	makeRun(t, dir, "hair", 20, config{})
	s := newServer(t, dir)
	get := func(host, path string) int {
		request := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil)
		request.Host = host
		answer := send(s, request)
		if answer.Code != http.StatusOK {
			assert.NotContains(t, answer.Body.String(), "hair")
		}
		return answer.Code
	}
	for _, host := range []string{"127.0.0.1:1234", "localhost:80", "127.0.0.1", "[::1]:7"} {
		assert.Equal(t, http.StatusOK, get(host, s.Path()), host)
	}
	for _, host := range []string{
		"", "evil.example:1234", "127.0.0.1.evil.example", "localhost.evil.example:1", "10.0.0.1",
	} {
		assert.Equal(t, http.StatusForbidden, get(host, s.Path()), "DNS rebinding from %q", host)
	}
	for _, path := range []string{
		"/", "", "/" + s.token, "/" + s.token[1:] + "/", "/" + s.token + "A/", "/wrong/", "//" + s.token + "/", "/page.css",
	} {
		assert.Equal(t, http.StatusNotFound, get("localhost", path), path)
	}
	assert.Regexp(t, `^/[A-Z2-7]{26,}/$`, s.Path())
	assert.NotEqual(t, s.Path(), newServer(t, dir).Path())
}

func TestNothingCanBeWritten(t *testing.T) {
	s := newServer(t, t.TempDir())
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, "ODD"} {
		answer := send(s, httptest.NewRequest(method, "http://localhost"+s.Path(), strings.NewReader("run=x")))
		assert.Equal(t, http.StatusMethodNotAllowed, answer.Code, method)
		assert.Equal(t, "GET, HEAD", answer.Header().Get("Allow"))
	}
}

func TestThePageMayLoadNothingButItself(t *testing.T) {
	dir := t.TempDir()
	makeRun(t, dir, "hair", 20, config{})
	s := newServer(t, dir)
	for _, address := range []string{"", "nothing", "page.js", "page.css", "icon.svg", "run?run=hair"} {
		header := ask(s, address).Header()
		assert.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'", address)
		assert.NotContains(t, header.Get("Content-Security-Policy"), "unsafe", address)
		assert.Equal(t, "no-referrer", header.Get("Referrer-Policy"))
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	}
	for _, address := range []string{"curve.svg?run=hair&metric=D", "picture?run=hair&step=10"} {
		answer := ask(s, address)
		require.Equal(t, http.StatusOK, answer.Code, answer.Body)
		assert.Contains(t, answer.Header().Get("Content-Security-Policy"), "sandbox", address)
	}
	for _, text := range []string{pageText, string(script), string(style)} {
		assert.NotRegexp(t, `https?://|style="| on\w+="|innerHTML`, text, "nothing of elsewhere, nothing inline")
	}
}

func TestEverythingIsEscaped(t *testing.T) {
	const evil = `<script>alert("x")<` + "\u2044" + `script>`
	dir := t.TempDir()
	run := makeRun(t, dir, evil, 20, config{Note: `</table><img src=x onerror=alert(1)>`})
	makeRun(t, dir, "other", 20, config{})
	require.NoError(t, os.WriteFile(run.Path("measures.json"), []byte(`{"measures":{"<i>FID":0.5}}`), 0o644))
	require.NoError(t, os.WriteFile(run.Path("figures", `"><u>.png`), []byte("x"), 0o644))
	s := newServer(t, dir)
	query := url.Values{"run": {evil}}.Encode()
	for _, address := range []string{"", "?find=<script>", "run?" + query, "compare?run=other&" + query} {
		answer := ask(s, address)
		require.Equal(t, http.StatusOK, answer.Code, address)
		body := answer.Body.String()
		for _, raw := range []string{"<script>alert", "<img src=x", "<i>FID", `"><u>`, "odd<b>", "<script>\""} {
			assert.NotContains(t, body, raw, address)
		}
		if !strings.HasPrefix(address, "?") {
			assert.Contains(t, body, "&lt;script&gt;alert", address)
		}
	}
	answer := ask(s, "curve.svg?metric=odd%3Cb%3E&title=%3C%2Ftext%3E%3Cscript%3E&"+query)
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	assert.NotContains(t, answer.Body.String(), "<script>")
}

func TestNoPathLeadsOutOfTheFolder(t *testing.T) {
	outside := t.TempDir()
	secret := makeRun(t, outside, "secret", 20, config{Note: "precious"})
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret.png"), []byte("precious"), 0o644))
	dir := t.TempDir()
	run := makeRun(t, dir, "hair", 20, config{})
	link := func(target, name string) { require.NoError(t, os.Symlink(target, filepath.Join(dir, name))) }
	link(secret.Dir(), "linked")
	link(filepath.Join(outside, "secret.png"), "hair/figures/link.png")
	link(outside, "hair/figures/folder")
	require.NoError(t, syscall.Mkfifo(run.Path("figures", "pipe.png"), 0o644))
	for _, name := range []string{"config.json", "metrics.jsonl", "measures.json"} {
		other := makeRun(t, dir, "with-"+name, 20, config{})
		if err := os.Remove(other.Path(name)); err != nil {
			require.ErrorIs(t, err, os.ErrNotExist)
		}
		link(secret.Path("config.json"), "with-"+name+"/"+name)
	}
	strips := makeRun(t, dir, "strips", 20, config{})
	require.NoError(t, os.RemoveAll(strips.Path("figures", "progress")))
	link(secret.Path("figures", "progress"), "strips/figures/progress")

	s := newServer(t, dir)
	list := ask(s, "").Body.String()
	assert.NotContains(t, list, "linked", "links are not followed")
	for _, name := range []string{"config.json", "metrics.jsonl", "measures.json"} {
		assert.Contains(t, list, name+" is not read: it leads out of the folder")
		answer := ask(s, "run?run=with-"+name)
		assert.Equal(t, http.StatusOK, answer.Code)
		assert.NotContains(t, answer.Body.String(), "precious")
	}
	for _, file := range []string{
		"figures/link.png", "figures/folder/secret.png", "../../secret.png", "figures/../../../secret.png",
		"figures/pipe.png", "/etc/passwd", "figures/../config.json", "config.json", "figures/progress",
		"figures/progress/step-00000001.png", "",
		secret.Path("figures/progress/step-00000010.png"),
	} {
		answer := ask(s, "picture?"+url.Values{"run": {"hair"}, "file": {file}}.Encode())
		assert.Equal(t, http.StatusNotFound, answer.Code, file)
	}
	assert.Equal(t, http.StatusNotFound, ask(s, "picture?run=strips&step=10").Code)
	assert.NotContains(t, ask(s, "run?run=strips").Body.String(), "Pictures by")
	for _, name := range []string{
		"..", "../" + filepath.Base(outside) + "/secret", "linked", secret.Dir(), "hair/", ".", "",
	} {
		for _, page := range []string{"run", "compare", "curve.svg", "picture"} {
			answer := ask(s, page+"?"+url.Values{"run": {name}, "metric": {"D"}}.Encode())
			assert.Equal(t, http.StatusNotFound, answer.Code, "%s of %q", page, name)
		}
	}
	for _, path := range []string{"../", "..%2f..%2fetc/passwd", "page.css/../../", "%2e%2e/serve.go", "static/"} {
		request := httptest.NewRequest(http.MethodGet, "http://localhost"+s.Path()+path, nil)
		assert.NotEqual(t, http.StatusOK, send(s, request).Code, path)
	}
}

func TestTheListShowsHowRunsAre(t *testing.T) {
	dir := t.TempDir()
	makeRun(t, dir, "hair", 20, config{})
	makeRun(t, dir, "done", 100, config{})
	broken := makeRun(t, dir, "broken", 20, config{})
	require.NoError(t, os.WriteFile(broken.Path("config.json"), []byte("{"), 0o644))
	training, err := lab.Create(filepath.Join(dir, "live"), lab.Experiment{Name: "test", Config: config{}})
	require.NoError(t, err)
	defer training.Close()
	s := newServer(t, dir)
	assertRow := func(body, name, pattern string) {
		_, row, ok := strings.Cut(body, `<tr data-key="`+name+`">`)
		require.True(t, ok, name)
		row, _, _ = strings.Cut(row, "</tr>")
		assert.Regexp(t, "(?s)"+pattern, row)
	}
	body := ask(s, "").Body.String()
	assertRow(body, "hair", `stopped.*?20<small> / 100.*?0\.05`)
	assertRow(body, "done", `finished`)
	assertRow(body, "broken", `damaged.*?config\.json is damaged`)
	assertRow(body, "live", fmt.Sprintf(`training</span> <small>by process %d`, os.Getpid()))
	assert.Equal(t, http.StatusOK, ask(s, "run?run=broken").Code)
	assert.Equal(t, http.StatusOK, ask(s, "compare?run=broken&run=hair").Code)

	found := ask(s, "?find=HAI&state=stopped&sort=changed").Body.String()
	assert.Contains(t, found, `data-key="hair"`)
	assert.NotContains(t, found, `data-key="done"`)
	assert.Contains(t, ask(s, "?find=none").Body.String(), "None of the 4 runs is so")
	assert.Equal(t, http.StatusBadRequest, ask(s, "?sort=colour").Code)

	require.NoError(t, training.Close())
	assertRow(ask(s, "").Body.String(), "live", `stopped`)
	require.NoError(t, os.RemoveAll(broken.Dir()))
	assert.NotContains(t, ask(s, "").Body.String(), "broken")
}

func TestCurvesFollowTheMetrics(t *testing.T) {
	dir := t.TempDir()
	run := makeRun(t, dir, "hair", 20, config{})
	s := newServer(t, dir)
	page := ask(s, "run?run=hair").Body.String()
	assert.Contains(t, page, "Both losses", "the kind's own curve")
	assert.Contains(t, page, "metric=D&amp;metric=G")
	before := ask(s, "curve.svg?run=hair&metric=D&smooth=0").Body.String()
	assert.Contains(t, before, "iteration")
	assert.NotContains(t, before, ">50<")
	chart := regexp.MustCompile(`scale=(\w*)&amp;smooth=0.95&amp;step=20&amp;title=(\w+)`)
	scales := func(address string) (scales []string) {
		for _, match := range chart.FindAllStringSubmatch(ask(s, address).Body.String(), -1) {
			scales = append(scales, match[2]+" "+match[1])
		}
		slices.Sort(scales)
		return slices.Compact(scales)
	}
	assert.Equal(t, []string{"Both ", "Length log"}, scales("run?run=hair"), "as the kind draws them")
	assert.Equal(t, []string{"Both linear", "Length linear"}, scales("run?run=hair&scale=linear"))
	assert.Equal(t, []string{"Both log", "Length log"}, scales("run?run=hair&scale=log"))

	file, err := os.OpenFile(run.Path("metrics.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	for step := 21; step <= 55; step++ {
		fmt.Fprintln(file, metricLine(step))
	}
	fmt.Fprint(file, `{"step":56,"sec`)
	require.NoError(t, file.Close())
	assert.Contains(t, ask(s, "curve.svg?run=hair&metric=D&smooth=0").Body.String(), ">50<")
	assert.NotEqual(t, page, ask(s, "run?run=hair").Body.String(), "its addresses change, so that a browser asks again")

	log := ask(s, "curve.svg?run=hair&metric=D&scale=log&smooth=0&width=340")
	assert.Contains(t, log.Body.String(), `width="340pt"`)
	assert.Contains(t, log.Body.String(), ">0.1<")
	for _, wrong := range []string{
		"scale=cubic", "smooth=1", "smooth=x", "smooth=NaN", "width=0", "width=99999", "width=100", "metric=none",
		strings.Repeat("metric=D&", 30),
	} {
		query := "run=hair&" + wrong
		if !strings.Contains(wrong, "metric") {
			query += "&metric=D"
		}
		assert.Contains(t, []int{400, 500}, ask(s, "curve.svg?"+query).Code, wrong)
	}
	assert.Equal(t, http.StatusBadRequest, ask(s, "curve.svg?run=hair").Code)
}

func TestRunsAreComparedSideBySide(t *testing.T) {
	dir := t.TempDir()
	makeRun(t, dir, "a/hair", 20, config{Rate: 0.5})
	makeRun(t, dir, "b/hair", 20, config{Rate: 0.25})
	s := newServer(t, dir)
	body := ask(s, "compare?run=a/hair&run=b/hair&run=a/hair").Body.String()
	assert.Contains(t, body, "2 runs compared")
	assert.Regexp(t, `(?s)Settings that differ.*rate</th><td>0\.5</td><td>0\.25</td>`, body)
	assert.NotContains(t, body, ">note<")
	both := ask(s, "curve.svg?run=a/hair&run=b/hair&metric=D").Body.String()
	assert.Contains(t, both, ">a/hair<")
	assert.Contains(t, both, ">b/hair<")
	assert.Equal(t, http.StatusBadRequest, ask(s, "compare").Code)
	assert.Regexp(t, `scale=log&amp;smooth=0.95&amp;step=40&amp;title=odd`, body, "as their kind draws it")
	assert.Regexp(t, `scale=&amp;smooth=0.95&amp;step=40&amp;title=D`, body)
}

func TestSamplesAreShownByStep(t *testing.T) {
	dir := t.TempDir()
	makeRun(t, dir, "hair", 20, config{})
	late := makeRun(t, dir, "late", 20, config{})
	require.NoError(t, lab.SaveStrip(late.Dir(), 30, []*image.RGBA{image.NewRGBA(image.Rect(0, 0, 8, 8))}))
	s := newServer(t, dir)
	body := ask(s, "compare?run=hair&run=late").Body.String()
	assert.Regexp(t, `max="2" value="2"\s+data-steps="10 20 30"`, body)
	assert.Contains(t, body, `src="picture?run=hair&amp;step=20"`, "the last until then")
	assert.Contains(t, body, `src="picture?run=late&amp;step=30"`)
	assert.Contains(t, ask(s, "run?run=hair&at=0").Body.String(), `src="picture?run=hair&amp;step=10"`)
	picture := ask(s, "picture?run=hair&step=10")
	assert.Equal(t, "image/png", picture.Header().Get("Content-Type"))
	assert.Equal(t, "\x89PNG", picture.Body.String()[:4])
}

func TestASweepIsShown(t *testing.T) {
	dir := t.TempDir()
	makeRun(t, dir, "ways/cells/rate=1,seed=1", 100, config{})
	makeRun(t, dir, "ways/cells/rate=2,seed=1", 20, config{})
	write := func(name, text string) {
		path := filepath.Join(dir, "ways", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	write("sweep.json", `{"format":1,"train":"test","preset":"smoke","seeds":[1],
		"axes":[{"setting":"rate","values":[1,2]}],"expectation":"<b>more</b>"}`)
	write("results/rate=1,seed=1.json", `{"name":"rate=1,seed=1","values":{"rate":"1"},"seed":1,"measures":{"FID":0.25}}`)
	s := newServer(t, dir)
	assert.Regexp(t, `(?s)sweep\?sweep=ways.*2 runs, 1 finished`, ask(s, "").Body.String())
	answer := ask(s, "sweep?sweep=ways")
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	assert.Contains(t, answer.Body.String(), "1 of 2 cells have ended")
	assert.Contains(t, answer.Body.String(), "<td>0.250</td>")
	assert.Contains(t, answer.Body.String(), "&lt;b&gt;more")
	dots := ask(s, "dots.svg?sweep=ways&measure=FID")
	assert.Contains(t, dots.Body.String(), "<svg")
	assert.Equal(t, http.StatusBadRequest, ask(s, "dots.svg?sweep=ways&measure=none").Code)
	assert.Equal(t, http.StatusNotFound, ask(s, "sweep?sweep=..").Code)

	require.NoError(t, os.Mkdir(filepath.Join(dir, "told"), 0o755)) // Of a notebook, which has no runs.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "told", "sweep.json"),
		[]byte(`{"format":1,"notebook":"story.ipynb","seeds":[1]}`), 0o644))
	s = newServer(t, dir)
	assert.Contains(t, ask(s, "").Body.String(), "sweep?sweep=told")
	assert.Contains(t, ask(s, "sweep?sweep=told").Body.String(), "A sweep of story.ipynb: 0 of 1 cells have ended")

	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "ways", "results", "x.json")))
	assert.Equal(t, http.StatusInternalServerError, ask(s, "sweep?sweep=ways").Code)
}

func TestServingEndsWithItsContext(t *testing.T) {
	s := newServer(t, t.TempDir())
	listener, err := Listen(0)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(listener.Addr().String(), "127.0.0.1:"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	response, err := http.Get("http://" + listener.Addr().String() + s.Path())
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Contains(t, string(body), "There are no runs in this folder yet")
	cancel()
	select {
	case err := <-ended:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
}

func TestOnlyAFolderIsServed(t *testing.T) {
	_, err := New(filepath.Join(t.TempDir(), "none"), nil)
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = New("serve_test.go", nil)
	assert.ErrorIs(t, err, syscall.ENOTDIR)
}

func TestMetricsThatAreTooManyAreCountedNotDrawn(t *testing.T) {
	dir := t.TempDir()
	run := makeRun(t, dir, "hair", 2, config{})
	values := map[string]float64{}
	for i := range 500 {
		values[fmt.Sprintf("m%03d", i)] = 1
	}
	line, err := json.Marshal(lab.Metric{Step: 1, Values: values})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(run.Path("metrics.jsonl"), append(line, '\n'), 0o644))
	s := newServer(t, dir)
	page := ask(s, "run?run=hair").Body.String()
	assert.Contains(t, page, "436 more metrics were logged than are drawn")
	charts := regexp.MustCompile(`curve\.svg\?[^" ]*metric=(m\d+)`).FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, charts)
	for _, match := range charts {
		assert.Equal(t, http.StatusOK, ask(s, "curve.svg?run=hair&smooth=0&metric="+match[1]).Code, match[1])
	}
}
