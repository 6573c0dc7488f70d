package jupyter

// recordKey is the key of the metadata that papermill writes, of notebooks and of cells.
const recordKey = "papermill"

// record sets a key of the notebook's record.
func (nb *Notebook) record(key string, value any) {
	nb.Metadata = with(nb.Metadata)
	old, _ := nb.Metadata[recordKey].(map[string]any)
	record := with(old)
	record[key] = value
	nb.Metadata[recordKey] = record
}
