package jupyter

import (
	"context"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/google/uuid"
)

// channel is one of the protocol's sockets.
type channel string

const (
	shell   channel = "shell"   // requests and their replies
	iopub   channel = "iopub"   // what the kernel tells everyone: output and status
	control channel = "control" // requests that must not wait behind a running cell
	stdin   channel = "stdin"   // the kernel's questions to the user
)

// client is connected to the sockets of one kernel.
type client struct {
	session string
	key     []byte
	sockets map[channel]zmq4.Socket
	cancel  context.CancelFunc

	// incoming delivers what the kernel sends. Messages are taken off the sockets at once and wait here, since kernels drop
	// output that a client is slow to take.
	incoming chan received
}

type received struct {
	channel channel
	*message
}

// connect connects to the kernel's sockets. It tries again until the kernel listens or ctx, which cancel ends, is done.
func connect(ctx context.Context, cancel context.CancelFunc, c connection) (*client, error) {
	k := &client{
		session:  uuid.NewString(),
		key:      []byte(c.Key),
		cancel:   cancel,
		incoming: make(chan received),
	}
	// The identity is the same everywhere, for the kernel addresses its questions on stdin to the asker on shell.
	options := []zmq4.Option{
		zmq4.WithID(zmq4.SocketIdentity(k.session)),
		zmq4.WithDialerRetry(20 * time.Millisecond),
		zmq4.WithDialerMaxRetries(-1),
		zmq4.WithLogger(log.New(io.Discard, "", 0)),
	}
	sub := zmq4.NewSub(ctx, options...)
	k.sockets = map[channel]zmq4.Socket{
		iopub:   sub,
		shell:   zmq4.NewDealer(ctx, options...),
		control: zmq4.NewDealer(ctx, options...),
		stdin:   zmq4.NewDealer(ctx, options...),
	}
	ports := map[channel]int{iopub: c.IOPubPort, shell: c.ShellPort, control: c.ControlPort, stdin: c.StdinPort}
	if err := sub.SetOption(zmq4.OptionSubscribe, ""); err != nil {
		return nil, err
	}
	arrived := make(chan received)
	for name, socket := range k.sockets {
		if err := socket.Dial(fmt.Sprintf("tcp://%s:%d", c.IP, ports[name])); err != nil {
			k.close()
			return nil, err
		}
		go k.read(ctx, name, socket, arrived)
	}
	go queue(ctx, arrived, k.incoming)
	return k, nil
}

// read passes on what a socket receives, until it is closed. A message that is not signed with the key is left out.
func (k *client) read(ctx context.Context, name channel, socket zmq4.Socket, to chan<- received) {
	for {
		frames, err := socket.Recv()
		if err != nil {
			return
		}
		m, err := decode(k.key, frames.Frames)
		if err != nil {
			continue
		}
		select {
		case to <- received{name, m}:
		case <-ctx.Done():
			return
		}
	}
}

// queue moves values from one channel to the other and never makes the sender wait.
func queue[T any](ctx context.Context, from <-chan T, to chan<- T) {
	var waiting []T
	for {
		var first T
		var out chan<- T // nil, which is never ready, while nothing waits
		if len(waiting) > 0 {
			first, out = waiting[0], to
		}
		select {
		case v := <-from:
			waiting = append(waiting, v)
		case out <- first:
			waiting = waiting[1:]
		case <-ctx.Done():
			return
		}
	}
}

// request sends a request and returns the id that its replies have in their parent header.
func (k *client) request(name channel, messageType string, content any) (string, error) {
	m, err := newRequest(k.session, messageType, content)
	if err != nil {
		return "", err
	}
	frames, err := m.encode(k.key)
	if err != nil {
		return "", err
	}
	if err := k.sockets[name].SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
		return "", fmt.Errorf("sending %s to the kernel: %w", messageType, err)
	}
	return m.Header.ID, nil
}

func (k *client) close() {
	k.cancel()
	for _, socket := range k.sockets {
		socket.Close()
	}
}
