package serve

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// load is how busy the machine is.
type load struct {
	// Busy is the share of its cores' time since the look before, and Cores their number.
	Busy  float64
	Cores int
	// Used and Total are bytes of memory; 0 if the system does not report them.
	Used, Total int64
	Devices     []device
}

// device is an NVIDIA GPU. Its numbers are as nvidia-smi prints them: percent, and MiB.
type device struct{ Name, Busy, Used, Total string }

// meter measures the load, and at most once in a while: what looks at a device is a process.
type meter struct {
	mutex      sync.Mutex
	at         time.Time
	last       load
	asks       bool    // The devices, which can take a while.
	busy, idle float64 // Since the machine started, in ticks of all cores.
}

// measuredFor is how long a measurement is good.
const measuredFor = 2 * time.Second

// now returns the load.
func (m *meter) now(ctx context.Context) load {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if time.Since(m.at) < measuredFor {
		return m.last
	}
	m.at = time.Now()
	if text, err := os.ReadFile("/proc/stat"); err == nil { // Other systems have none.
		busy, idle, cores := coreTimes(string(text))
		m.last.Cores = cores
		if all := busy + idle - m.busy - m.idle; all > 0 {
			m.last.Busy = (busy - m.busy) / all
		}
		m.busy, m.idle = busy, idle
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		m.last.Used, m.last.Total = memory(string(text))
	}
	if !m.asks {
		m.asks = true
		go m.askDevices(context.WithoutCancel(ctx)) // No page waits for them: they are on the next one.
	}
	return m.last
}

func (m *meter) askDevices(ctx context.Context) {
	found := devices(ctx)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.last.Devices, m.asks = found, false
}

// coreTimes reads /proc/stat. Its first line has the times of all cores: user, nice, system, idle, iowait, irq, softirq
// and steal. A line for each core follows.
func coreTimes(text string) (busy, idle float64, cores int) {
	line, rest, _ := strings.Cut(text, "\n")
	for i, field := range strings.Fields(line) {
		ticks, err := strconv.ParseFloat(field, 64)
		switch {
		case err != nil || i > 8: // "cpu"; guests are counted as users.
		case i == 4 || i == 5:
			idle += ticks
		default:
			busy += ticks
		}
	}
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, "cpu") {
			cores++
		}
	}
	return busy, idle, cores
}

// memory reads /proc/meminfo, in bytes.
func memory(text string) (used, total int64) {
	var free int64
	for line := range strings.Lines(text) {
		var kib int64
		if _, err := fmt.Sscanf(line, "MemTotal: %d kB", &kib); err == nil {
			total = kib << 10
		}
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); err == nil {
			free = kib << 10
		}
	}
	return total - free, total
}

// devices asks nvidia-smi, which comes with NVIDIA's driver.
func devices(ctx context.Context) (all []device) {
	program, err := exec.LookPath("nvidia-smi")
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, program, "--query-gpu=name,utilization.gpu,memory.used,memory.total",
		"--format=csv,noheader,nounits")
	command.WaitDelay = time.Second
	output, err := command.Output()
	if err != nil { // A driver that does not answer is no reason to show nothing else.
		return nil
	}
	reader := csv.NewReader(strings.NewReader(string(output)))
	reader.TrimLeadingSpace = true
	rows, _ := reader.ReadAll() // What could be read is shown.
	for _, row := range rows {
		if len(row) == 4 {
			all = append(all, device{row[0], row[1], row[2], row[3]})
		}
	}
	return all
}
