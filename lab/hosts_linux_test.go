package lab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onAnotherHost makes a command run with a host name, process numbers and mounts of its own, as a container has them.
func onAnotherHost(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

// holdElsewhere holds a run as the host "node7", which has mounted the shared folder somewhere else.
func holdElsewhere(shared, mounted, name string) error {
	if err := syscall.Sethostname([]byte("node7")); err != nil {
		return err
	}
	if err := syscall.Mount(shared, mounted, "", syscall.MS_BIND, ""); err != nil {
		return err
	}
	fmt.Println("mounted")
	return child([]string{"hold", filepath.Join(mounted, name)})
}

func TestHostsThatShareAFolderRespectEachOther(t *testing.T) {
	shared, mounted := t.TempDir(), t.TempDir()
	command := childCommand("hold elsewhere", shared, mounted, "run")
	onAnotherHost(command)
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	if err := command.Start(); err != nil {
		t.Skipf("this machine allows no namespaces: %v", err)
	}
	defer func() { _ = command.Process.Kill() }()
	says := bufio.NewScanner(stdout)
	if !says.Scan() {
		t.Skip("this machine allows no host names or mounts in a namespace; its reason is above")
	}
	require.True(t, says.Scan(), "its reason is above")
	require.Equal(t, "held", says.Text())

	dir := filepath.Join(shared, "run")
	status, err := ReadStatus(dir)
	require.NoError(t, err)
	assert.Equal(t, InTraining, status.Condition)
	assert.Equal(t, "1 on node7", status.Process, "here, process 1 is another")
	_, err = Create(dir, experiment(20))
	require.ErrorIs(t, err, ErrLocked)
	requireLine(t, err, "is being trained by process 1 on node7: stop it")
	assert.NoDirExists(t, filepath.Join(mounted, "run"), "it is mounted there only")

	require.NoError(t, command.Process.Kill()) // As when the node loses its power.
	require.Error(t, command.Wait())
	run, err := Create(dir, experiment(20))
	require.NoError(t, err, "a lock ends with its process")
	require.NoError(t, run.Close())
}
