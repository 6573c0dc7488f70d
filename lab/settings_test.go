package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnAssignmentChangesNothingButItsSetting(t *testing.T) {
	config := testConfig{Rate: 0.01, Sizes: []int{3, 4}, Steps: 20}
	for _, wrong := range []string{
		`rate=0.5,"steps":9`, `rate=0.5, "rate":0.7`, `rate=0.5}xyz`, `rate=0.5}`, `sizes=[1],"steps":9`, "rate=",
	} {
		changed, err := Assign(config, wrong)
		require.Error(t, err, wrong)
		requireLine(t, err, "cannot be", "it is now")
		assert.Equal(t, config, changed, wrong)
	}
	changed, err := Assign(config, "sizes= [5, 6] ")
	require.NoError(t, err)
	assert.Equal(t, testConfig{Rate: 0.01, Sizes: []int{5, 6}, Steps: 20}, changed)
}
