package jupyter

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
)

const (
	// startTimeout is how long a kernel may take from its start until it answers.
	startTimeout = 60 * time.Second
	// shutdownTimeout is how long a kernel may take to end by itself after it was asked to.
	shutdownTimeout = 5 * time.Second
	// stderrKept is how much of a kernel's standard error is kept for the report of its death, in bytes.
	stderrKept = 2000
)

// connection is the contents of a kernel's connection file.
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

// kernel is a running kernel: its process, and a client that is connected to it.
type kernel struct {
	*client
	spec     *KernelSpec
	cmd      *exec.Cmd
	stderr   *tail
	language map[string]any // language_info of its kernel_info_reply

	dead chan struct{} // closed when the process has ended
}

// startKernel starts a kernel in dir and waits until it answers. Its environment is this process's, plus what the kernelspec
// says, plus env ("NAME=value"). The caller must stop it.
func startKernel(ctx context.Context, spec *KernelSpec, dir string, env []string) (*kernel, error) {
	const tries = 3
	for try := 1; ; try++ {
		k, err := tryStartKernel(ctx, spec, dir, env)
		var died *KernelDiedError
		// Ports are free when they are chosen, but another program may take one before the kernel does.
		if errors.As(err, &died) && strings.Contains(died.Stderr, "ddress already in use") && try < tries {
			continue
		}
		return k, err
	}
}

func tryStartKernel(ctx context.Context, spec *KernelSpec, dir string, env []string) (*kernel, error) {
	conn, err := newConnection(spec.Name)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "moelab-kernel-")
	if err != nil {
		return nil, err
	}
	// GoNB finds the kernel's id in the name of the file.
	file := filepath.Join(folder, "kernel-"+uuid.NewString()+".json")
	data, err := json.Marshal(conn)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		os.RemoveAll(folder)
		return nil, err
	}

	k := &kernel{spec: spec, stderr: &tail{size: stderrKept}, dead: make(chan struct{})}
	k.cmd = command(spec, file, env)
	k.cmd.Dir = dir
	k.cmd.Stderr = k.stderr
	if err := k.run(folder); err != nil {
		return nil, fmt.Errorf("starting the kernel %s: %w", spec.Name, err)
	}

	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("it did not answer within %s", startTimeout))
	defer cancel()
	if err := k.connect(ctx, conn); err != nil {
		k.kill()
		return nil, err
	}
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

// freePorts finds n ports of the loopback interface that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // All at once at the end, so that no port comes up twice.
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// command fills in the kernelspec's command line and environment.
func command(spec *KernelSpec, connectionFile string, env []string) *exec.Cmd {
	environ := os.Environ()
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		environ = append(environ, name+"="+os.Expand(spec.Env[name], os.Getenv))
	}
	// ipykernel ends by itself when the process of this id does.
	environ = append(environ, "JPY_PARENT_PID="+strconv.Itoa(os.Getpid()))
	environ = append(environ, env...)

	fill := strings.NewReplacer("{connection_file}", connectionFile, "{resource_dir}", spec.Dir)
	argv := make([]string, len(spec.Argv))
	for i, arg := range spec.Argv {
		argv[i] = fill.Replace(arg)
	}
	return &exec.Cmd{
		Path: lookPath(argv[0], environ),
		Args: argv,
		Env:  environ,
		// A session of its own keeps the terminal's Ctrl-C from the kernel: it is interrupted by Jupyter's rules, not twice.
		SysProcAttr: kernelProcess(&syscall.SysProcAttr{Setsid: true}),
		WaitDelay:   time.Second,
	}
}

// lookPath finds a program in the PATH of environ, as the kernel itself would.
func lookPath(program string, environ []string) string {
	if strings.Contains(program, "/") {
		return program
	}
	for _, variable := range slices.Backward(environ) {
		list, ok := strings.CutPrefix(variable, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
				return path
			}
		}
		break
	}
	return program
}

// run starts the process and watches over it: dead is closed when it ends. Then folder is removed.
func (k *kernel) run(folder string) error {
	started := make(chan error)
	go func() {
		// The thread must live as long as the process: Linux kills the process with the thread (see kernelProcess).
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer os.RemoveAll(folder)
		err := k.cmd.Start()
		started <- err
		if err == nil {
			_ = k.cmd.Wait() // How it ended is in cmd.ProcessState.
			close(k.dead)
		}
	}()
	return <-started
}

// connect connects to the kernel and waits until it answers and its output arrives.
func (k *kernel) connect(ctx context.Context, conn connection) (err error) {
	// The client outlives the start, so its context is not the start's.
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

// nudge asks the kernel for its name until it answers on both shell and iopub: a subscription takes a while to reach the
// kernel, and what it publishes before that is lost.
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
				if err := json.Unmarshal(m.Content, &info); err != nil {
					return fmt.Errorf("the kernel %s does not say what it is: %w", k.spec.Name, err)
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

// request sends a request. Where that fails because the kernel is dead, the error says so.
func (k *kernel) request(name channel, messageType string, content any) (string, error) {
	id, err := k.client.request(name, messageType, content)
	if err != nil {
		select {
		case <-k.dead:
			return "", k.died()
		case <-time.After(time.Second): // A broken connection may be seen before the death.
		}
	}
	return id, err
}

// died describes the death of the process. It may be called after dead is closed.
func (k *kernel) died() error {
	return &KernelDiedError{Kernel: k.spec.Name, Status: k.cmd.ProcessState.String(), Stderr: k.stderr.String()}
}

// interrupt asks the kernel to stop the running cell. Only a kernel that is interrupted by messages may be asked again: it
// may have missed the first while it compiled.
func (k *kernel) interrupt() error {
	if k.interruptedByMessage() {
		_, err := k.request(control, "interrupt_request", struct{}{})
		return err
	}
	return syscall.Kill(-k.cmd.Process.Pid, syscall.SIGINT)
}

func (k *kernel) interruptedByMessage() bool { return k.spec.InterruptMode == "message" }

// stop ends the kernel: it is asked to, and what has not ended after a while is killed, with every process that it started.
func (k *kernel) stop() {
	defer k.close()
	defer k.kill()
	if _, err := k.request(control, "shutdown_request", map[string]any{"restart": false}); err != nil {
		return
	}
	timeout := time.After(shutdownTimeout)
	for {
		select {
		case <-k.dead:
			return
		case <-timeout:
			return
		case <-k.incoming: // Nobody reads these any more.
		}
	}
}

// kill kills the kernel's process group and waits for the process.
func (k *kernel) kill() {
	// The group is killed even if the kernel is gone: programs that it started may be left.
	_ = syscall.Kill(-k.cmd.Process.Pid, syscall.SIGKILL)
	<-k.dead
}

// tail keeps the last bytes that are written to it.
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

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.data)
	if len(t.data) == t.size { // Cut in the middle of a line.
		_, text, _ = strings.Cut(text, "\n")
	}
	return strings.TrimSpace(text)
}
