package dataset

import (
	"os"
	"testing"

	"github.com/moelab/moelab/internal/imaging/imagingtest"
)

func TestMain(m *testing.M) {
	status := m.Run()
	imagingtest.RemoveStills()
	os.Exit(status)
}
