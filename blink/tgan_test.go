package blink

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The counts of Saito et al.'s code, for 64×64 pixels.
func TestTGANHasTheWeightsOfItsPaper(t *testing.T) {
	config, err := Experiment.Preset("article-tgan")
	require.NoError(t, err)
	backend := openXLA(t)
	count := func(build func(scope *model.Scope, g *Graph) *Node) int { return weightsMade(t, backend, build) }
	assert.Equal(t, sumOf(
		100*512+512+norm(512), 512*256*4+256+norm(256), 256*128*4+128+norm(128), 128*128*4+128+norm(128), 128*100*4+100,
	), count(func(scope *model.Scope, g *Graph) *Node { return temporal(scope, config, IotaFull(g, f32(2, 100))) }))
	assert.Equal(t, sumOf(
		3*64*64+64, 64*128*64+128+3*128, 128*256*64+256+3*256, 256*512*64+512+3*512, 4*4*512+1,
	), count(func(scope *model.Scope, g *Graph) *Node {
		return TemporalDiscriminator(scope, config, IotaFull(g, f32(1, 16, 64, 64, 3)))
	}))
}
