package jupyter

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

// widgetView is the MIME type of a widget among the data of an output.
const widgetView = "application/vnd.jupyter.widget-view+json"

// widgetModels returns the models of the notebook's widgets, by id.
func (nb *Notebook) widgetModels() map[string]any {
	var m any = nb.Metadata
	for _, key := range []string{"widgets", widgetState, "state"} {
		object, _ := m.(map[string]any)
		m = object[key]
	}
	models, _ := m.(map[string]any)
	return models
}

// view renders a widget with the last state of its model, if all its parts can be shown without scripts.
func (r *outputRenderer) view(data map[string]any) (template.HTML, bool) {
	view, _ := data[widgetView].(map[string]any)
	id, _ := view["model_id"].(string)
	return r.widget(id)
}

// widget renders a widget. Each may be there only once, because it could contain itself.
func (r *outputRenderer) widget(id string) (template.HTML, bool) {
	model, _ := r.models[id].(map[string]any)
	state, _ := model["state"].(map[string]any)
	if state == nil || r.seen[id] {
		return "", false
	}
	r.seen[id] = true
	switch model["model_name"] {
	case "HBoxModel":
		return r.box("row", state)
	case "BoxModel", "VBoxModel":
		return r.box("column", state)
	case "HTMLModel":
		value, _ := state["value"].(string)
		return template.HTML(value), true
	case "LabelModel":
		value, _ := state["value"].(string)
		return template.HTML(template.HTMLEscapeString(value)), true
	case "FloatProgressModel", "IntProgressModel":
		return progressBar(state)
	case "OutputModel":
		outputs, _ := state["outputs"].([]any)
		return r.captured(readOutputs(outputs))
	}
	return "", false
}

// box renders the children of a box, which are of the form IPY_MODEL_<id>.
func (r *outputRenderer) box(class string, state map[string]any) (template.HTML, bool) {
	var b strings.Builder
	children, _ := state["children"].([]any)
	for _, child := range children {
		reference, _ := child.(string)
		body, ok := r.widget(strings.TrimPrefix(reference, "IPY_MODEL_"))
		if !ok {
			return "", false
		}
		fmt.Fprintf(&b, "<div>%s</div>", body)
	}
	return template.HTML(fmt.Sprintf(`<div class="%s">%s</div>`, class, b.String())), true
}

func progressBar(state map[string]any) (template.HTML, bool) {
	number := func(key string) float64 {
		n, _ := strconv.ParseFloat(fmt.Sprint(state[key]), 64)
		return n
	}
	low := number("min")
	done, total := number("value")-low, number("max")-low
	if !(total > 0) {
		return "", false
	}
	return template.HTML(fmt.Sprintf(`<progress value="%g" max="%g"></progress>`, done, total)), true
}

// captured renders the outputs in an Output widget.
func (r *outputRenderer) captured(outputs []*Output) (template.HTML, bool) {
	var b strings.Builder
	for _, o := range outputs {
		part, err := r.output(o)
		if err != nil {
			return "", false
		}
		fmt.Fprintf(&b, `<div class="output %s">%s</div>`, template.HTMLEscapeString(part.Kind), part.Body)
	}
	return template.HTML(b.String()), true
}
