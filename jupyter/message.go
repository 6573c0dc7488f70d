package jupyter

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
)

// protocolVersion is the version of the messaging protocol implemented here.
const protocolVersion = "5.3"

// delimiter separates ZeroMQ's routing frames from the message.
var delimiter = []byte("<IDS|MSG>")

// message is one message of the protocol.
type message struct {
	Header  header
	Parent  header // of the request being answered; empty in requests
	Content json.RawMessage
	Buffers [][]byte // binary data of a widget; not signed
}

type header struct {
	ID       string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"`
	Type     string `json:"msg_type"`
	Version  string `json:"version"`
}

// newRequest returns a message to a kernel. Content must be encodable as JSON.
func newRequest(session, messageType string, content any) (*message, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	return &message{
		Header: header{
			ID:       uuid.NewString(),
			Session:  session,
			Username: "moelab",
			Date:     time.Now().UTC().Format(time.RFC3339Nano),
			Type:     messageType,
			Version:  protocolVersion,
		},
		Content: raw,
	}, nil
}

// encode returns the frames of the message: delimiter, signature, header, parent header, metadata, content.
func (m *message) encode(key []byte) ([][]byte, error) {
	head, err := json.Marshal(m.Header)
	if err != nil {
		return nil, err
	}
	parent := []byte("{}")
	if m.Parent != (header{}) {
		if parent, err = json.Marshal(m.Parent); err != nil {
			return nil, err
		}
	}
	body := [][]byte{head, parent, []byte("{}"), m.Content}
	return slices.Concat([][]byte{delimiter, sign(key, body)}, body, m.Buffers), nil
}

// decode reads a message from frames and checks its signature.
func decode(key []byte, frames [][]byte) (*message, error) {
	for len(frames) > 0 && !bytes.Equal(frames[0], delimiter) {
		frames = frames[1:]
	}
	if len(frames) < 6 {
		return nil, errors.New("message has too few frames")
	}
	signature, body := frames[1], frames[2:6]
	if !hmac.Equal(signature, sign(key, body)) {
		return nil, errors.New("message has a wrong signature")
	}
	m := &message{Content: body[3], Buffers: frames[6:]}
	if err := decodeKnown(body[0], &m.Header); err != nil {
		return nil, err
	}
	if err := decodeKnown(body[1], &m.Parent); err != nil {
		return nil, err
	}
	return m, nil
}

// decodeKnown decodes JSON into v, numbers as json.Number where v leaves the type open. Values of an unexpected type
// are passed over: extensions of kernels put other things into the fields of messages.
func decodeKnown(data []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	err := decoder.Decode(v)
	if errors.As(err, new(*json.UnmarshalTypeError)) {
		return nil
	}
	return err
}

// sign returns the HMAC-SHA256 of the frames in hexadecimal.
func sign(key []byte, frames [][]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, f := range frames {
		mac.Write(f)
	}
	return hex.AppendEncode(nil, mac.Sum(nil))
}
