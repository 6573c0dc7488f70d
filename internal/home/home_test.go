package home

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAProcessHasAHome(t *testing.T) {
	assert.NotEmpty(t, os.Getenv("HOME"))
	assert.NotEmpty(t, dir())
	assert.NotEqual(t, "/", dir())
}
