//go:build slow

package serve

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var shots = flag.String("shots", "", "folder for screenshots of the pages, to be looked at")

// browser is a page in Chromium.
type browser struct {
	t       *testing.T
	ctx     context.Context
	address string
	mutex   sync.Mutex
	console []string
}

// said returns what the page said in its console.
func (b *browser) said() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.console
}

// openBrowser starts Chromium for the page of a folder. It is skipped on a machine without one.
func openBrowser(t *testing.T, dir string) *browser {
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium")
	}
	s := newServer(t, dir)
	listener, err := Listen(0)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		assert.ErrorIs(t, <-ended, context.Canceled)
	})
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox,
		chromedp.NoFirstRun, chromedp.DisableGPU,
	}
	for _, name := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, cancel = chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, address: fmt.Sprintf("http://%v%s", listener.Addr(), s.Path())}
	b.do(chromedp.EmulateViewport(1280, 900))
	messages := chromedp.Console(ctx)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			b.mutex.Lock()
			b.console = append(b.console, fmt.Sprint(message.Type, ": ", message.Text, " ", message.URL))
			b.mutex.Unlock()
		}
	}()
	return b
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

// open shows a page and returns the milliseconds to its first paint.
func (b *browser) open(address string) (paint float64) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.address + address))
	const script = `new Promise(resolve => new PerformanceObserver(list => {
		const first = list.getEntriesByName('first-contentful-paint')[0]
		if (first) resolve(first.startTime)
	}).observe({ type: 'paint', buffered: true }))`
	paint, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](script, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return paint
}

// eval returns what JavaScript says.
func eval[T any](b *browser, script string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	require.NoError(b.t, err, script)
	return value
}

// becomes waits until JavaScript says yes.
func (b *browser) becomes(script string) {
	b.t.Helper()
	assert.Eventually(b.t, func() bool { return eval[bool](b, script) }, 30*time.Second, 100*time.Millisecond, script)
}

// shoot takes a picture of the whole page.
func (b *browser) shoot(name string) {
	b.t.Helper()
	if *shots == "" {
		return
	}
	b.do(chromedp.Sleep(time.Second)) // For pictures that are being drawn.
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.MkdirAll(*shots, 0o755))
	require.NoError(b.t, os.WriteFile(filepath.Join(*shots, name+".png"), picture, 0o644))
}

// prefer makes the browser prefer a colour scheme.
func (b *browser) prefer(scheme string) {
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(b.t, err)
}

// drawn waits until all pictures in view are there, and none is broken.
func (b *browser) drawn() {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })`))
	b.becomes(`[...document.images].every(i => i.complete)`)
	assert.Empty(b.t, eval[[]string](b, `[...document.images].filter(i => !i.naturalWidth).map(i => i.src)`), "broken")
}

// fill makes as many runs as a name is given for.
func fill(t *testing.T, dir string, n int) {
	for i := range n {
		makeRun(t, dir, fmt.Sprintf("group-%d/run-%03d", i%7, i), 20+i%80, config{Rate: float64(i)})
	}
}

func TestTheFirstPaintTakesLessThanASecond(t *testing.T) {
	for _, n := range []int{1, 300} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir, n)
			for i := range n { // Five of them long trainings, of 50 MB.
				run := filepath.Join(dir, fmt.Sprintf("group-%d/run-%03d", i%7, i))
				size := 10e3
				if i < 5 {
					size = 10e6
				}
				writeMetrics(t, filepath.Join(run, "metrics.jsonl"), int(size))
				measures := []byte(`{"measures":{"FID":50.97,"KID":1.406,"MS-SSIM":0.1012,"accuracy":0.12,"nearest":65.02}}`)
				require.NoError(t, os.WriteFile(filepath.Join(run, "measures.json"), measures, 0o644))
			}
			b := openBrowser(t, dir)
			first := b.open("")
			again := b.open("")
			assert.Equal(t, n, eval[int](b, `document.querySelectorAll('tr[data-key]').length`))
			run := b.open("run?run=group-0/run-000")
			t.Logf("%d runs: the first paint of the list after %.0f ms, again %.0f ms, of a run %.0f ms", n, first, again, run)
			assert.Less(t, first, 1000.0)
			assert.Less(t, run, 1000.0)
			assert.Empty(t, b.said())
		})
	}
}

// pages are one of each kind.
var pages = map[string]string{
	"list": "", "run": "run?run=group-1/run-001", "compare": "compare?run=group-1/run-001&run=group-2/run-002",
	"failure": "nothing",
}

func TestPagesFitAPhoneAndBothColourSchemes(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 12)
	long := makeRun(t, dir, "a-folder-with-a-long-name/"+strings.Repeat("long", 20), 20, config{})
	require.NoError(t, os.WriteFile(long.Path("config.json"), []byte("{"), 0o644))
	b := openBrowser(t, dir)
	for name, address := range pages {
		for _, width := range []int64{360, 1280} {
			b.do(chromedp.EmulateViewport(width, 800))
			for _, scheme := range []string{"light", "dark"} {
				b.prefer(scheme)
				b.open(address)
				b.drawn()
				assert.LessOrEqual(t, eval[int64](b, `document.documentElement.scrollWidth`), width, "%s is wider", name)
				b.shoot(fmt.Sprintf("%s-%d-%s", name, width, scheme))
			}
		}
	}
}

func TestTheKeyboardReachesAllControls(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 3)
	b := openBrowser(t, dir)
	const controls = `[...document.querySelectorAll('a, button, input, select')]
		.filter(e => e.offsetParent && e.type !== 'hidden')`
	for name, address := range pages {
		b.open(address)
		b.drawn()
		n := eval[int](b, controls+`.length`)
		require.Positive(t, n, name)
		b.do(chromedp.Evaluate[chromedp.Void](`void (window.reached = new Set())`))
		for range n {
			b.do(chromedp.KeyEvent(kb.Tab))
			b.do(chromedp.Evaluate[chromedp.Void](`void window.reached.add(document.activeElement)`))
		}
		assert.Empty(t, eval[[]string](b, controls+`.filter(e => !window.reached.has(e)).map(e => e.outerHTML)`), name)
		assert.Empty(t, eval[[]string](b, controls+`.filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim() ||
			e.querySelector('img[alt]'))).map(e => e.outerHTML)`), "%s: without a name", name)
	}
	assert.Len(t, b.said(), 1, "only the page that is not there: %v", b.said())
}

func TestThePageIsAlive(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 3)
	b := openBrowser(t, dir)
	b.open("")
	b.do(chromedp.Click(`input[value="group-1/run-001"]`))
	b.do(chromedp.SendKeys(`input[type=search]`, "run-"))
	makeRun(t, dir, "new/run-new", 30, config{})
	makeRun(t, dir, "new/other", 30, config{})
	b.becomes(`!!document.querySelector('tr[data-key="new/run-new"]')`)
	assert.False(t, eval[bool](b, `!!document.querySelector('tr[data-key="new/other"]')`), "it is filtered")
	assert.True(t, eval[bool](b, `document.querySelector('input[value="group-1/run-001"]').checked`), "the choice stays")
	assert.Equal(t, "search", eval[string](b, `document.activeElement.type`), "and the focus")

	b.open("run?run=new/run-new")
	b.drawn()
	assert.Equal(t, "20", eval[string](b, `document.querySelector('output').textContent`))
	b.do(chromedp.Focus(`input[type=range]`), chromedp.KeyEvent(kb.ArrowLeft))
	b.becomes(`document.querySelector('.strip img').getAttribute('src').endsWith('step=10')`)
	before := eval[string](b, `document.querySelector('.chart img').src`)
	b.do(chromedp.SetValue(`select[name=scale]`, "log"))
	b.do(chromedp.Evaluate[chromedp.Void](
		`void document.querySelector('select[name=scale]').dispatchEvent(new Event('input', { bubbles: true }))`))
	b.becomes(`document.querySelector('.chart img').src.includes('scale=log')`)
	assert.NotEqual(t, before, eval[string](b, `document.querySelector('.chart img').src`))
	assert.Equal(t, "10", eval[string](b, `document.querySelector('output').textContent`), "the slider stays")
	b.do(chromedp.Click(`#play`))
	b.becomes(`document.querySelector('output').textContent === '20'`)
	b.becomes(`document.querySelector('#play').textContent === 'Play'`)
	b.drawn()
	assert.Empty(t, b.said())
}

func TestWithoutJavaScriptThePageShowsAll(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 3)
	b := openBrowser(t, dir)
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled,
		emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	b.do(chromedp.Navigate(b.address), chromedp.WaitVisible(`tr[data-key] progress`),
		chromedp.WaitVisible(`#filter button`),
		chromedp.Click(`input[value="group-1/run-001"]`),
		chromedp.Click(`input[value="group-2/run-002"]`),
		chromedp.Click(`#runs button`),
		chromedp.WaitVisible(`.compared`), chromedp.WaitVisible(`#samples .still`))
	b.shoot("compare-without-javascript")
	text, err := chromedp.Run(b.ctx, chromedp.Text(`h1`))
	require.NoError(t, err)
	assert.Equal(t, "2 runs compared", text)
}
