package jupyter

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// defaultStartTimeout and defaultShutdownTimeout are those of [Options], and of nbclient.
	defaultStartTimeout    = 60 * time.Second
	defaultShutdownTimeout = 5 * time.Second
	// stderrKept is the length in bytes of the standard error kept for KernelDiedError.
	stderrKept = 2000
)

// connection is the content of a kernel's connection file.
type connection struct {
	Transport   string `json:"transport"`
	IP          string `json:"ip"`
	ShellPort   int    `json:"shell_port"`
	IOPubPort   int    `json:"iopub_port"`
	StdinPort   int    `json:"stdin_port"`
	ControlPort int    `json:"control_port"`
	HBPort      int    `json:"hb_port"`
	Scheme      string `json:"signature_scheme"`
	Key         string `json:"key"`
	KernelName  string `json:"kernel_name"`
}

// kernel is a running kernel: its process and a client connected to it.
type kernel struct {
	*client
	spec     *KernelSpec
	mark     string // of all its processes, see kernelFolder
	cmd      *exec.Cmd
	stderr   *tail
	language map[string]any // language_info of its kernel_info_reply

	dead chan struct{} // closed when the process has ended and its folder is removed
}

// startKernel starts a kernel and waits for its first reply. Its environment is that of this process, plus the
// kernelspec's, plus that of the options. The caller must stop the kernel.
func startKernel(ctx context.Context, spec *KernelSpec, options Options) (*kernel, error) {
	const tries = 3
	for try := 1; ; try++ {
		k, err := tryStartKernel(ctx, spec, options)
		var died *KernelDiedError
		// Another program may have taken one of the free ports before the kernel did.
		if errors.As(err, &died) && strings.Contains(died.Stderr, "ddress already in use") && try < tries {
			continue
		}
		return k, err
	}
}

func tryStartKernel(ctx context.Context, spec *KernelSpec, options Options) (*kernel, error) {
	conn, err := newConnection(spec.Name)
	if err != nil {
		return nil, err
	}
	endLeft()
	folder, err := newKernelFolder(conn)
	if err != nil {
		return nil, err
	}
	k := &kernel{spec: spec, stderr: &tail{size: stderrKept}, dead: make(chan struct{})}
	k.mark = folder.mark()
	k.cmd = command(spec, folder.file, append(slices.Clone(options.Env), k.mark))
	k.cmd.Dir = options.Dir
	k.cmd.Stderr = k.stderr
	if err := k.run(folder); err != nil {
		<-k.dead
		return nil, fmt.Errorf("starting the kernel %s: %w", spec.Name, err)
	}

	limit := cmp.Or(options.StartTimeout, defaultStartTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it did not answer within %s", limit))
	defer cancel()
	if err := k.connect(ctx, conn); err != nil {
		k.kill()
		return nil, err
	}
	k.stderr.clear() // What it said of its start explains no later end.
	return k, nil
}

func newConnection(kernelName string) (connection, error) {
	ports, err := freePorts(5)
	if err != nil {
		return connection{}, fmt.Errorf("looking for free ports: %w", err)
	}
	return connection{
		Transport: "tcp", IP: "127.0.0.1", Scheme: "hmac-sha256", Key: rand.Text(), KernelName: kernelName,
		ShellPort: ports[0], IOPubPort: ports[1], StdinPort: ports[2], ControlPort: ports[3], HBPort: ports[4],
	}, nil
}

// freePorts returns n unused ports of the loopback interface.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // Only at the end, so that no port comes up twice.
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// command returns the kernelspec's command with its placeholders and environment filled in.
func command(spec *KernelSpec, connectionFile string, env []string) *exec.Cmd {
	environ := os.Environ()
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		environ = append(environ, name+"="+os.Expand(spec.Env[name], os.Getenv))
	}
	// ipykernel ends when this process does.
	environ = append(environ, "JPY_PARENT_PID="+strconv.Itoa(os.Getpid()))
	environ = append(environ, env...)

	fill := strings.NewReplacer("{connection_file}", connectionFile, "{resource_dir}", spec.Dir)
	argv := make([]string, len(spec.Argv))
	for i, arg := range spec.Argv {
		argv[i] = fill.Replace(arg)
	}
	if isIPython(argv) { // Cells that run without a user do not belong in the history of what he typed.
		argv = append(argv, "--HistoryManager.hist_file=:memory:")
	}
	argv[0] = spec.program(argv[0], environ) // Python looks for its environment there.
	return &exec.Cmd{
		Path: argv[0],
		Args: argv,
		Env:  environ,
		// A new session shields the kernel from the terminal's Ctrl-C. Otherwise it would be interrupted twice.
		SysProcAttr: kernelProcess(&syscall.SysProcAttr{Setsid: true}),
		WaitDelay:   time.Second,
	}
}

// isIPython reports whether a command starts IPython's kernel.
func isIPython(argv []string) bool {
	return slices.Contains(argv, "ipykernel_launcher") || slices.Contains(argv, "ipykernel")
}

// run starts the process. When the process ends, the folder is removed and dead is closed.
func (k *kernel) run(folder *kernelFolder) error {
	started := make(chan error)
	go func() {
		// The thread must outlive the process, since Linux ends the process with the thread. See kernelProcess.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := k.cmd.Start()
		started <- err
		if err == nil {
			_ = k.cmd.Wait() // died reads cmd.ProcessState instead.
		}
		folder.remove()
		close(k.dead) // Only then, because this process may end at once.
	}()
	return <-started
}

// connect connects to the kernel and waits for its first reply and its first output.
func (k *kernel) connect(ctx context.Context, conn connection) (err error) {
	// The client outlives ctx, which limits only the start.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			end()
		}
	}()
	type result struct {
		*client
		error
	}
	connecting := make(chan result, 1)
	go func() {
		c, err := connect(life, end, conn)
		connecting <- result{c, err}
	}()
	select {
	case r := <-connecting:
		if r.error != nil {
			return fmt.Errorf("connecting to the kernel %s: %w", k.spec.Name, r.error)
		}
		k.client = r.client
		return k.nudge(ctx)
	case <-k.dead:
		return k.died()
	case <-ctx.Done():
		return fmt.Errorf("connecting to the kernel %s: %w", k.spec.Name, context.Cause(ctx))
	}
}

// nudge requests the kernel's info until messages arrive on both shell and iopub. A subscription takes a while to reach
// the kernel, and earlier output is lost.
func (k *kernel) nudge(ctx context.Context) error {
	var replied, heard bool
	again := time.NewTimer(0)
	for !replied || !heard {
		select {
		case <-again.C:
			if _, err := k.request(shell, "kernel_info_request", struct{}{}); err != nil {
				return err
			}
			again.Reset(500 * time.Millisecond)
		case m := <-k.incoming:
			if m.channel == iopub {
				heard = true
			}
			if m.Header.Type == "kernel_info_reply" {
				var info struct {
					Language map[string]any `json:"language_info"`
				}
				if err := decodeKnown(m.Content, &info); err != nil {
					return fmt.Errorf("reading the info of the kernel %s: %w", k.spec.Name, err)
				}
				k.language, replied = info.Language, true
			}
		case <-k.dead:
			return k.died()
		case <-ctx.Done():
			return fmt.Errorf("waiting for the kernel %s: %w", k.spec.Name, context.Cause(ctx))
		}
	}
	return nil
}

// request sends a request. If that fails because the kernel has died, the error is a *KernelDiedError.
func (k *kernel) request(name channel, messageType string, content any) (string, error) {
	id, err := k.client.request(name, messageType, content)
	if err != nil {
		select {
		case <-k.dead:
			return "", k.died()
		case <-time.After(time.Second): // The connection may break before the death is noticed.
		}
	}
	return id, err
}

// died returns a *KernelDiedError. It must not be called before dead is closed.
func (k *kernel) died() error {
	return &KernelDiedError{Kernel: k.spec.Name, Status: k.cmd.ProcessState.String(), Stderr: k.stderr.String()}
}

// interrupt interrupts the running cell. It may be repeated only for a kernel interrupted by messages, which may miss
// one while it compiles.
func (k *kernel) interrupt() error {
	if k.interruptedByMessage() {
		_, err := k.request(control, "interrupt_request", struct{}{})
		return err
	}
	return syscall.Kill(-k.cmd.Process.Pid, syscall.SIGINT)
}

func (k *kernel) interruptedByMessage() bool { return k.spec.InterruptMode == "message" }

// stop requests the kernel to shut down. After a time limit it is killed, with all processes that it started. The time
// is short once ctx is done.
func (k *kernel) stop(ctx context.Context, limit time.Duration) {
	defer k.close()
	defer k.kill()
	if _, err := k.request(control, "shutdown_request", map[string]any{"restart": false}); err != nil {
		return
	}
	timeout, done := time.After(limit), ctx.Done()
	for {
		select {
		case <-k.dead:
			return
		case <-timeout:
			return
		case <-done:
			timeout, done = time.After(min(limit, defaultShutdownTimeout)), nil
		case <-k.incoming: // Discarded.
		}
	}
}

// kill kills the kernel and all processes that it started, and waits for the kernel.
func (k *kernel) kill() {
	// The group may have members left even if the kernel is gone.
	_ = syscall.Kill(-k.cmd.Process.Pid, syscall.SIGKILL)
	killMarked(k.mark)
	<-k.dead
}

// tail keeps the last size bytes written to it.
type tail struct {
	mu   sync.Mutex
	size int
	data []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if extra := len(t.data) - t.size; extra > 0 {
		t.data = slices.Clone(t.data[extra:])
	}
	return len(p), nil
}

func (t *tail) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.data)
	if len(t.data) == t.size { // Probably cut within a line.
		_, text, _ = strings.Cut(text, "\n")
	}
	return strings.TrimSpace(text)
}
