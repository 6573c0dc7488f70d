package jupyter

import "errors"

// SetParameters gives values to the parameters of the notebook.
func (nb *Notebook) SetParameters(values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	return errors.New("not written yet")
}
