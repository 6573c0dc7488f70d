//go:build deps

// Package moelab: keeps the shared go.mod whole while rooms are being built; removed before landing.
package moelab

import (
	_ "github.com/alecthomas/chroma/v2"
	_ "github.com/disintegration/imaging"
	_ "github.com/go-zeromq/zmq4"
	_ "github.com/gofrs/flock"
	_ "github.com/gomlx/compute/gobackend"
	_ "github.com/gomlx/go-xla/compute/xla"
	_ "github.com/gomlx/go-xla/installer"
	_ "github.com/gomlx/gomlx/core/graph"
	_ "github.com/google/uuid"
	_ "github.com/janpfeifer/gonb/gonbui"
	_ "github.com/rwcarlsen/goexif/exif"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/spf13/cobra"
	_ "github.com/stretchr/testify/require"
	_ "github.com/yuin/goldmark"
	_ "golang.org/x/image/draw"
	_ "golang.org/x/image/vector"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/term"
	_ "gonum.org/v1/gonum/stat"
	_ "gonum.org/v1/plot"
)
