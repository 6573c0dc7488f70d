package jupyter

import (
	"encoding/base64"
	"maps"
	"reflect"
	"slices"
)

// widgetState is the MIME type of the models of all widgets, in the metadata of a notebook.
const widgetState = "application/vnd.jupyter.widget-state+json"

// widgets are the models of the kernel's widgets, kept like a front end does and stored by the rules of nbclient.
type widgets struct {
	models map[string]*widget // by the id of their comm
	// capture lists the Output widgets that capture the outputs of a request, by its id. The last one gets them.
	capture map[string][]*widget
}

// widget is the model of one widget.
type widget struct {
	id      string
	state   map[string]any
	buffers []widgetBuffer

	// For Output widgets only; captured is nil for others.
	captured *sink
	request  string // whose outputs it captures
	changed  bool   // captured has outputs that the kernel does not know
}

// widgetBuffer is a part of a widget's state that came as bytes.
type widgetBuffer struct {
	path []any
	data []byte
}

func newWidgets() *widgets {
	return &widgets{models: map[string]*widget{}, capture: map[string][]*widget{}}
}

// comm is the content of a message about a widget.
type comm struct {
	ID     string `json:"comm_id"`
	Target string `json:"target_name"`
	Data   struct {
		State       map[string]any `json:"state"`
		BufferPaths [][]any        `json:"buffer_paths"`
	} `json:"data"`
}

// take processes a comm_open or comm_msg. Those that are not about the state of a widget are passed over.
func (w *widgets) take(m *message) {
	var c comm
	if err := decodeKnown(m.Content, &c); err != nil || c.Data.State == nil {
		return
	}
	model := w.models[c.ID]
	if model == nil {
		model = &widget{id: c.ID, state: map[string]any{}}
		w.models[c.ID] = model
	}
	maps.Copy(model.state, c.Data.State)
	for i, path := range c.Data.BufferPaths {
		if i < len(m.Buffers) {
			model.keep(widgetBuffer{path, m.Buffers[i]})
		}
	}
	if m.Header.Type == "comm_open" && c.Target == "jupyter.widget" && model.isOutput() {
		model.captured = &sink{}
	}
	if model.captured == nil {
		return
	}
	if outputs, ok := c.Data.State["outputs"].([]any); ok {
		*model.captured = sink{outputs: readOutputs(outputs)}
	}
	if request, ok := c.Data.State["msg_id"].(string); ok && m.Header.Type == "comm_msg" {
		w.captureFor(model, request)
	}
}

// captureFor lets an Output widget capture the outputs of a request, or of none if it is "".
func (w *widgets) captureFor(model *widget, request string) {
	w.capture[model.request] = slices.DeleteFunc(w.capture[model.request], func(m *widget) bool { return m == model })
	if model.request = request; request != "" {
		w.capture[request] = append(w.capture[request], model)
	}
}

// capturing returns the widget that captures the outputs of a request, or nil.
func (w *widgets) capturing(request string) *widget {
	if models := w.capture[request]; len(models) > 0 {
		return models[len(models)-1]
	}
	return nil
}

// takeChanged returns the Output widgets, in the order of their ids, that have captured outputs since the last call.
func (w *widgets) takeChanged() []*widget {
	var changed []*widget
	for _, id := range slices.Sorted(maps.Keys(w.models)) {
		if model := w.models[id]; model.changed {
			model.changed = false
			changed = append(changed, model)
		}
	}
	return changed
}

// metadata returns the models in the form in which a notebook stores them, or nil if there are none.
func (w *widgets) metadata() map[string]any {
	if len(w.models) == 0 {
		return nil
	}
	states := map[string]any{}
	for id, model := range w.models {
		if _, complete := model.state["_model_name"]; complete {
			states[id] = model.metadata()
		}
	}
	return map[string]any{
		widgetState: map[string]any{"state": states, "version_major": 2, "version_minor": 0},
	}
}

func (w *widget) isOutput() bool {
	return w.state["_model_module"] == "@jupyter-widgets/output" && w.state["_model_name"] == "OutputModel"
}

// keep stores a buffer in place of an earlier one for the same part of the state.
func (w *widget) keep(b widgetBuffer) {
	same := func(old widgetBuffer) bool { return reflect.DeepEqual(old.path, b.path) }
	if i := slices.IndexFunc(w.buffers, same); i >= 0 {
		w.buffers[i] = b
		return
	}
	w.buffers = append(w.buffers, b)
}

func (w *widget) metadata() map[string]any {
	state := maps.Clone(w.state)
	if w.captured != nil {
		state["outputs"] = w.outputs()
	}
	m := map[string]any{
		"model_name":           state["_model_name"],
		"model_module":         state["_model_module"],
		"model_module_version": state["_model_module_version"],
		"state":                state,
	}
	if len(w.buffers) > 0 {
		var buffers []any
		for _, b := range w.buffers {
			data := base64.StdEncoding.EncodeToString(b.data)
			buffers = append(buffers, map[string]any{"data": data, "encoding": "base64", "path": b.path})
		}
		m["buffers"] = buffers
	}
	return m
}

// outputs returns what an Output widget captured, in the form of its state: as in a notebook, with text in one piece.
func (w *widget) outputs() []any {
	w.captured.flush()
	outputs := []any{}
	for _, o := range w.captured.outputs {
		m := o.toJSON()
		switch o.Type {
		case StreamOutput:
			m["text"] = o.Text
		case DisplayOutput, ResultOutput:
			m["data"] = with(o.Data)
		}
		outputs = append(outputs, m)
	}
	return outputs
}

// update is the content of the message that tells the kernel what an Output widget captured.
func (w *widget) update() map[string]any {
	return map[string]any{"comm_id": w.id, "data": map[string]any{
		"method": "update", "state": map[string]any{"outputs": w.outputs()}, "buffer_paths": []any{},
	}}
}

// readOutputs reads the outputs in the state of an Output widget.
func readOutputs(list []any) []*Output {
	var outputs []*Output
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			outputs = append(outputs, (&reader{}).output(maps.Clone(m)))
		}
	}
	return outputs
}
