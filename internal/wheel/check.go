package wheel

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/moelab/moelab/internal/atomicfile"
)

// checkedName is the name of the file, in the destination folder, that remembers what [Wheel.Check] has read.
const checkedName = ".checked.json"

// checked is a file as it was when its contents were right.
type checked struct {
	SHA256  string    `json:"sha256"`
	Size    int64     `json:"size"`
	Changed time.Time `json:"changed"`
}

// Check returns an error if installed members, all or those with the given names in the folder, are no longer what was
// installed: somebody changed them, or the disk did. A file of the same size and time as in the last check is not read
// again. The error of a member that is missing wraps [fs.ErrNotExist].
func (w Wheel) Check(dir string, names ...string) error {
	remembered := map[string]checked{}
	path := filepath.Join(dir, checkedName)
	if data, err := os.ReadFile(path); err == nil && json.Unmarshal(data, &remembered) != nil {
		remembered = map[string]checked{}
	}
	news := false
	for _, member := range w.Members {
		if len(names) > 0 && !slices.Contains(names, member.InstallAs) {
			continue
		}
		file := filepath.Join(dir, member.InstallAs)
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		now := checked{member.SHA256, info.Size(), info.ModTime().UTC()}
		if remembered[member.InstallAs] == now {
			continue
		}
		if err := checkSHA256(file, member.SHA256); err != nil {
			return fmt.Errorf("%s was changed after it was installed: remove it, and install it again: %w", file, err)
		}
		remembered[member.InstallAs], news = now, true
	}
	if !news {
		return nil
	}
	data, err := json.Marshal(remembered)
	if err != nil {
		return err
	}
	_ = atomicfile.WriteBytes(path, data) // In a folder that cannot be written to, the files are read each time.
	return nil
}
