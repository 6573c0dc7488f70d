package illustration

import (
	"fmt"
	"testing"

	"github.com/moelab/moelab/internal/vector/vectortest"
)

func TestIllustrationsAreAsRecorded(t *testing.T) {
	var drawings []vectortest.Drawing
	for _, series := range []struct {
		seed    uint64
		n, size int
	}{{1, 24, 512}, {2, 48, 200}, {3, 48, 77}, {4, 64, 128}} {
		for i := range series.n {
			name := fmt.Sprintf("illustration %d of seed %d at %d", i, series.seed, series.size)
			drawings = append(drawings, vectortest.Drawing{Name: name, Bytes: Draw(series.seed, i, series.size).Pix})
		}
	}
	vectortest.CheckHashes(t, "illustrations.txt", drawings)
}
