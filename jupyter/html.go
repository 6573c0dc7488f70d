package jupyter

import "errors"

// WriteHTML writes the notebook as a self-contained page.
func WriteHTML(path string, nb *Notebook) error { return errors.New("not written yet") }
