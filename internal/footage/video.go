package footage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moelab/moelab/internal/imaging"
)

// openVideo reads the header of a file with ffmpeg.
func openVideo(ctx context.Context, path string, to float64) (*Footage, error) {
	if to <= 0 {
		return nil, errors.New("a video needs a frame rate")
	}
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, ErrNoProgram
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	v := &video{program: program, input: "file:" + absolute, rate: to}
	if err := v.probe(ctx); err != nil {
		return nil, err
	}
	return &Footage{Kind: Video, Rate: v.sourceRate, Length: v.length, rate: to, frames: v.frames}, nil
}

// video is a file that ffmpeg decodes.
type video struct {
	program, input string
	rate           float64 // The rate that ffmpeg converts to.
	// From the file's header; 0 if missing there.
	sourceRate float64
	length     time.Duration
}

// arguments returns the first arguments of each call of ffmpeg. A file must not make ffmpeg read other files or use the
// network.
func (v *video) arguments(more ...string) []string {
	return append([]string{
		"-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-protocol_whitelist", "file", "-i", v.input,
	}, more...)
}

// ffmpeg's log, whose format has not changed for many years.
var (
	streamLine   = regexp.MustCompile(`(?m)Stream #.*: Video: .*$`)
	streamRate   = regexp.MustCompile(`, ([0-9.]+)(k?) fps`)
	durationLine = regexp.MustCompile(`Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)`)
	troubleLine  = regexp.MustCompile(`(?m)^(?:\[[^\]]*\] )*\[(?:error|fatal|panic)\] (.*)$`)
)

// probe reads the header of the file.
func (v *video) probe(ctx context.Context) error {
	var log logEnd
	command := exec.CommandContext(ctx, v.program, v.arguments()...)
	command.Stderr = &log
	command.WaitDelay = time.Second
	err := command.Run() // Without an output ffmpeg lists the streams and then always fails.
	if ctx.Err() != nil {
		return ctx.Err()
	}
	text := log.String()
	stream := streamLine.FindString(text)
	if stream == "" {
		var exit *exec.ExitError
		switch trouble := troubles(text); {
		case err != nil && !errors.As(err, &exit):
			return fmt.Errorf("run ffmpeg: %w", err)
		case strings.Contains(text, "Input #0"):
			return errors.New("there is no video in it")
		case len(trouble) > 0:
			return fmt.Errorf("not a video that can be read; ffmpeg says: %s", trouble[0])
		default:
			return errors.New("not a video that can be read")
		}
	}
	if m := streamRate.FindStringSubmatch(stream); m != nil {
		v.sourceRate, _ = strconv.ParseFloat(m[1], 64) // Otherwise it stays unknown.
		if m[2] != "" {
			v.sourceRate *= 1000
		}
	}
	if m := durationLine.FindStringSubmatch(text); m != nil {
		v.length, _ = time.ParseDuration(m[1] + "h" + m[2] + "m" + m[3] + "s")
	}
	return nil
}

// troubles returns the errors in ffmpeg's log, except that of the missing output.
func troubles(text string) (said []string) {
	for _, m := range troubleLine.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], "At least one output file") {
			said = append(said, strings.TrimSpace(m[1]))
		}
	}
	return said
}

// frames makes ffmpeg convert the video to the rate and write each frame as a PPM, which states its size.
func (v *video) frames(ctx context.Context, yield func(shown, error) bool) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	reader, writer, err := os.Pipe()
	if err != nil {
		yield(shown{}, err)
		return
	}
	defer reader.Close()
	// ffmpeg changes the rate, because it knows the time of each frame. Non-square pixels are made square.
	filter := fmt.Sprintf("fps=%g,scale=trunc(iw*sar+0.5):ih:flags=bicubic+accurate_rnd+full_chroma_int,setsar=1", v.rate)
	command := exec.CommandContext(ctx, v.program, v.arguments("-map", "0:v:0", "-an", "-sn", "-dn",
		"-vf", filter, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1")...)
	var log logEnd
	command.Stdout, command.Stderr = writer, &log
	command.WaitDelay = time.Second
	command.Cancel = func() error {
		_ = reader.Close() // The caller must not wait for a frame if the program hangs.
		return command.Process.Kill()
	}
	err = command.Start()
	writer.Close()
	if err != nil {
		yield(shown{}, fmt.Errorf("run ffmpeg: %w", err))
		return
	}
	each := time.Duration(float64(time.Second) / v.rate)
	in := bufio.NewReaderSize(reader, 1<<20)
	n := 0
	for ; ; n++ {
		pixels, readErr := readPPM(in)
		if readErr != nil {
			err = readErr
			break
		}
		at := time.Duration(float64(n) / v.rate * float64(time.Second))
		if !yield(shown{Frame{pixels, at}, each}, nil) {
			stop()
			_ = command.Wait() // It was killed.
			return
		}
	}
	waited := command.Wait()
	cancelled := ctx.Err()
	if err := v.ending(time.Duration(n)*each, err, waited, cancelled, troubles(log.String())); err != nil {
		yield(shown{}, err)
	}
}

// ending returns an error if a video ends early.
func (v *video) ending(seen time.Duration, read, waited, cancelled error, trouble []string) error {
	const late = 500 * time.Millisecond // The sound is often a little longer than the pictures.
	why := ""
	if len(trouble) > 0 {
		why = "; ffmpeg says: " + trouble[0]
	}
	switch {
	case cancelled != nil:
		return cancelled
	case waited != nil && seen == 0:
		return fmt.Errorf("no frame of it can be decoded (%w)%s", waited, why)
	case waited != nil:
		return fmt.Errorf("it stops after %.2f s (%w)%s", seen.Seconds(), waited, why)
	case !errors.Is(read, io.EOF):
		return fmt.Errorf("it stops after %.2f s: %w%s", seen.Seconds(), read, why)
	case len(trouble) > 0 && (v.length == 0 || seen+late < v.length):
		// ffmpeg decodes what it can of a truncated file, and exits with status 0.
		return fmt.Errorf("it stops after %.2f s%s%s", seen.Seconds(), v.of(), why)
	default:
		return nil
	}
}

// of returns the length that the video should have, in words.
func (v *video) of() string {
	if v.length == 0 {
		return ""
	}
	return fmt.Sprintf(" of %.2f s", v.length.Seconds())
}

// readPPM reads a picture as ffmpeg writes it: binary, 8 bits, no comments. io.EOF means that there are no more.
func readPPM(in *bufio.Reader) (*image.RGBA, error) {
	var width, height, largest int
	if _, err := in.Peek(1); err != nil {
		return nil, err
	}
	if _, err := fmt.Fscanf(in, "P6\n%d %d\n%d\n", &width, &height, &largest); err != nil {
		return nil, fmt.Errorf("ffmpeg does not write frames as it should: %w", unexpected(err))
	}
	if width < 1 || height < 1 || largest != 255 || int64(width)*int64(height) > imaging.MaxPixels {
		return nil, fmt.Errorf("ffmpeg writes frames of %d×%d pixels with values up to %d, which cannot be read",
			width, height, largest)
	}
	made := image.NewRGBA(image.Rect(0, 0, width, height))
	row := make([]byte, 3*width)
	for y := range height {
		if _, err := io.ReadFull(in, row); err != nil {
			return nil, fmt.Errorf("a frame is cut short: %w", unexpected(err))
		}
		to := made.Pix[y*made.Stride:]
		for x := range width {
			copy(to[4*x:4*x+3], row[3*x:])
			to[4*x+3] = 255
		}
	}
	return made, nil
}

// unexpected turns io.EOF into io.ErrUnexpectedEOF.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// logEnd keeps the beginning and the end of a log: ffmpeg names the streams first, and may complain about every frame.
type logEnd struct {
	mutex      sync.Mutex
	start, end bytes.Buffer
}

const logPart = 64 << 10

func (l *logEnd) Write(data []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	n := min(len(data), logPart-l.start.Len())
	l.start.Write(data[:n])
	l.end.Write(data[n:])
	if over := l.end.Len() - logPart; over > 0 {
		l.end.Next(over)
	}
	return len(data), nil
}

func (l *logEnd) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.start.String() + l.end.String()
}
