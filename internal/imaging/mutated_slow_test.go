//go:build slow

package imaging

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mutations is the number of damaged files of each format.
const mutations = 4000

// No damaged picture makes a reader panic, hang, or take more memory than its pixels 16 times over and 200 MB. Frames
// that are read survive being written and read again.
func TestMutatedPicturesAreReadOrRefused(t *testing.T) {
	for target, whole := range wholePictures(t) {
		t.Run(target, func(t *testing.T) {
			slowest := time.Duration(0)
			var most int64
			for i := range mutations {
				r := rand.New(rand.NewPCG(20261126, uint64(i)))
				data := mutated(r, whole[i%len(whole)])
				if target == "FuzzPNG" && i%2 == 1 {
					checksummed(data)
				}
				start := time.Now()
				func() {
					defer func() {
						if fault := recover(); fault != nil {
							t.Fatalf("mutation %d of %s: %v", i, target, fault)
						}
					}()
					most = max(most, requireBounded(t, data))
					if len(data) <= longestInput {
						checkReader(t, data, 25<<20)
					}
				}()
				slowest = max(slowest, time.Since(start))
			}
			require.Less(t, slowest, 20*time.Second)
			fmt.Printf("%s: %d mutated files of %d, %d MB at most, %s at most\n",
				target, mutations, len(whole), most>>20, slowest.Round(time.Millisecond))
		})
	}
}

// requireBounded returns how many bytes all frames of a picture take, those that are freed at once included.
func requireBounded(t *testing.T, data []byte) int64 {
	var picture *Picture
	took := allocated(func() {
		var err error
		if picture, err = read(data); err != nil {
			picture = salvage(data)
		}
	})
	require.LessOrEqual(t, took, int64(200<<20), "bytes allocated for the structure")
	if picture == nil {
		return took
	}
	pixels := int64(picture.Width) * int64(picture.Height)
	frames := 0
	forFrames := allocated(func() {
		for _, err := range picture.Frames() {
			if frames++; err != nil || frames == mostFrames {
				return
			}
		}
	})
	require.LessOrEqual(t, forFrames, int64(frames)*16*8*pixels+200<<20, "bytes allocated for %d frames", frames)
	return took + forFrames
}

// wholePictures are the seeds of the fuzz targets and the fixtures, by format.
func wholePictures(t *testing.T) map[string][][]byte {
	all := map[string][][]byte{}
	for target, named := range seeds(t) {
		if target == "FuzzOrientation" || target == "FuzzJPEGDecoder" {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(named)) {
			all[target] = append(all[target], named[name])
		}
	}
	for pattern, target := range map[string]string{"jpeg/*.jpg": "FuzzJPEG", "tiff/*.tif": "FuzzTIFF"} {
		files, err := filepath.Glob(filepath.Join("testdata", pattern))
		require.NoError(t, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			all[target] = append(all[target], data)
		}
	}
	return all
}

// checksummed puts the right checksums into a PNG, so that readers see what is in its chunks.
func checksummed(data []byte) {
	for at := len(pngSignature); at+12 <= len(data); {
		length := int(binary.BigEndian.Uint32(data[at:]))
		if length > len(data)-at-12 {
			return
		}
		binary.BigEndian.PutUint32(data[at+8+length:], crc32.ChecksumIEEE(data[at+4:at+8+length]))
		at += 12 + length
	}
}

// mutated damages a file in one to four places: bits flip, numbers become extreme, parts are lost, moved or doubled.
func mutated(r *rand.Rand, whole []byte) []byte {
	data := slices.Clone(whole)
	extremes := []uint32{0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff}
	for range 1 + r.IntN(4) {
		if len(data) < 8 {
			return data
		}
		at := r.IntN(len(data) - 4)
		length := 1 + r.IntN(min(len(data)-at, 64))
		switch r.IntN(7) {
		case 0, 1:
			data[at] ^= 1 << r.IntN(8)
		case 2:
			binary.BigEndian.PutUint32(data[at:], extremes[r.IntN(len(extremes))])
		case 3:
			binary.LittleEndian.PutUint32(data[at:], extremes[r.IntN(len(extremes))])
		case 4:
			data = data[:at]
		case 5:
			data = slices.Delete(data, at, at+length)
		default:
			data = slices.Insert(data, r.IntN(len(data)), slices.Clone(data[at:at+length])...)
		}
	}
	return data
}
