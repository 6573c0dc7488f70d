package lab_test

import (
	"testing"

	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChecksNameAllThatIsWrong(t *testing.T) {
	var checks lab.Checks
	checks.That(true, "this is right")
	require.NoError(t, checks.Err())
	checks.That(false, "steps is %d", -1)
	checks.That(false, "batch is %d", 0)
	assert.EqualError(t, checks.Err(), "steps is -1\nbatch is 0")
}
