package tensorboard

import (
	"maps"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of TensorFlow's messages, by their numbers in event.proto, summary.proto, tensor.proto and
// tensor_shape.proto.
const (
	eventWallTime    protowire.Number = 1 // Seconds since 1970.
	eventStep        protowire.Number = 2
	eventFileVersion protowire.Number = 3
	eventSummary     protowire.Number = 5
	eventSessionLog  protowire.Number = 7

	sessionStatus protowire.Number = 1

	summaryValue protowire.Number = 1

	valueTag      protowire.Number = 1
	valueSimple   protowire.Number = 2
	valueImage    protowire.Number = 4
	valueTensor   protowire.Number = 8
	valueMetadata protowire.Number = 9

	imageHeight     protowire.Number = 1
	imageWidth      protowire.Number = 2
	imageColorspace protowire.Number = 3
	imageEncoded    protowire.Number = 4

	metadataPlugin protowire.Number = 1
	pluginName     protowire.Number = 1

	tensorType    protowire.Number = 1
	tensorShape   protowire.Number = 2
	tensorStrings protowire.Number = 8
)

// Values of these fields.
const (
	fileVersion   = "brain.Event:2"
	sessionStart  = 1
	colorspaceRGB = 3
	typeString    = 7
)

// event starts a message Event.
func event(at time.Time, step int64) []byte {
	seconds := float64(at.UnixMicro()) / 1e6
	message := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	message = protowire.AppendFixed64(message, math.Float64bits(seconds))
	if step == 0 { // It is left out, as by TensorFlow.
		return message
	}
	return appendNumber(message, eventStep, uint64(step))
}

// versionEvent is the first event of a file.
func versionEvent(at time.Time) []byte {
	return appendText(event(at, 0), eventFileVersion, fileVersion)
}

// startEvent says that the steps from this one on follow, whatever was there before.
func startEvent(at time.Time, step int64) []byte {
	return appendMessage(event(at, step), eventSessionLog, appendNumber(nil, sessionStatus, sessionStart))
}

// scalarsEvent holds numbers by their names.
func scalarsEvent(at time.Time, step int64, values map[string]float64) []byte {
	var summary []byte
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := appendText(nil, valueTag, name)
		value = protowire.AppendTag(value, valueSimple, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(values[name])))
		summary = appendMessage(summary, summaryValue, value)
	}
	return appendMessage(event(at, step), eventSummary, summary)
}

// imageEvent holds an encoded picture.
func imageEvent(at time.Time, step int64, name string, encoded []byte, width, height int) []byte {
	image := appendNumber(nil, imageHeight, uint64(height))
	image = appendNumber(image, imageWidth, uint64(width))
	image = appendNumber(image, imageColorspace, colorspaceRGB)
	image = appendMessage(image, imageEncoded, encoded)
	value := appendMessage(appendText(nil, valueTag, name), valueImage, image)
	return appendMessage(event(at, step), eventSummary, appendMessage(nil, summaryValue, value))
}

// textEvent holds a text in Markdown.
func textEvent(at time.Time, step int64, name, text string) []byte {
	tensor := appendNumber(nil, tensorType, typeString)
	tensor = appendMessage(tensor, tensorShape, nil)
	tensor = appendText(tensor, tensorStrings, text)
	metadata := appendMessage(nil, metadataPlugin, appendText(nil, pluginName, "text"))
	value := appendText(nil, valueTag, name)
	value = appendMessage(value, valueTensor, tensor)
	value = appendMessage(value, valueMetadata, metadata)
	return appendMessage(event(at, step), eventSummary, appendMessage(nil, summaryValue, value))
}

func appendNumber(to []byte, field protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, field, protowire.VarintType), value)
}

func appendText(to []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(to, field, protowire.BytesType), text)
}

func appendMessage(to []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), message)
}

// stepOf reads the step of an event, and whether it has a summary. ok is false if it is no event.
func stepOf(message []byte) (step int64, summary, ok bool) {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return 0, false, false
		}
		message = message[n:]
		if field == eventStep && kind == protowire.VarintType {
			value, _ := protowire.ConsumeVarint(message) // An error of it is one of ConsumeFieldValue, too.
			step = int64(value)
		}
		summary = summary || field == eventSummary && kind == protowire.BytesType
		if n = protowire.ConsumeFieldValue(field, kind, message); n < 0 {
			return 0, false, false
		}
		message = message[n:]
	}
	return step, summary, true
}
