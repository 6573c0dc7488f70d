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
	iopub   channel = "iopub"   // output and status, broadcast to all clients
	control channel = "control" // requests that must not wait for a running cell
	stdin   channel = "stdin"   // the kernel's questions to the user
)

// client is a connection to the sockets of one kernel.
type client struct {
	session string
	key     []byte
	sockets map[channel]zmq4.Socket
	cancel  context.CancelFunc

	// incoming delivers the kernel's messages. They are taken off the sockets at once and queued, because kernels drop
	// output for slow clients.
	incoming chan received
}

type received struct {
	channel channel
	*message
}

// connect connects to the kernel's sockets. It retries until the kernel listens or ctx is done. Closing the client
// calls cancel, which must end ctx.
func connect(ctx context.Context, cancel context.CancelFunc, c connection) (*client, error) {
	k := &client{
		session:  uuid.NewString(),
		key:      []byte(c.Key),
		cancel:   cancel,
		incoming: make(chan received),
	}
	// One identity for all sockets: the kernel addresses its questions on stdin to the sender of the request on shell.
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
	ports := map[channel]int{
		iopub: c.IOPubPort, shell: c.ShellPort, control: c.ControlPort, stdin: c.StdinPort,
	}
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

// read passes on the messages of a socket until it is closed. Messages not signed with the key are dropped.
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

// queue moves values from one channel to the other without ever blocking the sender.
func queue[T any](ctx context.Context, from <-chan T, to chan<- T) {
	var waiting []T
	for {
		var first T
		var out chan<- T // nil, and so never ready, if nothing waits
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

// request sends a request and returns its id, which replies repeat in their parent header.
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
