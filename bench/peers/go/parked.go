package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const parkedTasks = 1_000_000

// parkedArgument makes this program park goroutines instead of serving requests: a run is in a process of its own, because
// what an earlier one left in the runtime (goroutines that can be used again, a heap that has grown) is not cold.
const parkedArgument = "--parked"

func parkedRows() []row {
	return []row{{pattern: fmt.Sprintf("parked/tasks:%d", parkedTasks), prepare: func([]int) *session {
		return &session{warm: func(int) {}, run: parkElsewhere, finish: func() error { return nil }}
	}}}
}

// A parkedReport is what the process says of its run.
type parkedReport struct {
	Count    int
	Ns       int64
	Bytes    float64
	ColdMake float64
	ColdWake float64
}

func parkElsewhere(n int) outcome {
	runtime.LockOSThread() // Pdeathsig is about the thread that started the process
	defer runtime.UnlockOSThread()
	program, err := os.Executable()
	if err != nil {
		return outcome{err: err}
	}
	command := exec.Command(program, parkedArgument, strconv.Itoa(n), strconv.Itoa(runtime.GOMAXPROCS(0)))
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Stderr = os.Stderr
	text, err := command.Output()
	var report parkedReport
	if err == nil {
		err = json.Unmarshal(text, &report)
	}
	if err != nil {
		return outcome{err: fmt.Errorf("the process that parks: %w", err)}
	}
	return outcome{count: report.Count, elapsed: time.Duration(report.Ns), fields: map[string]any{
		"bytes_per_task": report.Bytes,
		"cold_make_ns":   report.ColdMake,
		"cold_wake_ns":   report.ColdWake,
	}}
}

// park is that process. The collector works as it always does; the second round finds what the first has left.
func park(arguments []string) error {
	var n, workers int
	if _, err := fmt.Sscan(strings.Join(arguments, " "), &n, &workers); err != nil || n < 1 || workers < 1 {
		return fmt.Errorf("%s: expected a number of tasks and one of workers, not %q", parkedArgument, arguments)
	}
	runtime.GOMAXPROCS(workers)
	debug.FreeOSMemory()
	cold := parkAndWake(n)
	warm := parkAndWake(n)
	return json.NewEncoder(os.Stdout).Encode(parkedReport{
		Count:    warm.woken,
		Ns:       (warm.made + warm.woke).Nanoseconds(),
		Bytes:    cold.bytes / float64(n),
		ColdMake: float64(cold.made.Nanoseconds()) / float64(n),
		ColdWake: float64(cold.woke.Nanoseconds()) / float64(n),
	})
}

type parkedRound struct {
	made, woke time.Duration
	bytes      float64
	woken      int
}

func parkAndWake(n int) (round parkedRound) {
	gate := make(chan struct{})
	var parked, woken atomic.Int64
	var all sync.WaitGroup
	all.Add(n)
	task := func() {
		parked.Add(1)
		<-gate
		woken.Add(1)
		all.Done()
	}
	before := residentBytes()
	start := time.Now()
	for i := 0; i < n; i++ {
		go task()
	}
	for parked.Load() < int64(n) {
		runtime.Gosched()
	}
	round.made = time.Since(start)
	round.bytes = residentBytes() - before
	start = time.Now()
	close(gate)
	all.Wait()
	round.woke = time.Since(start)
	round.woken = int(woken.Load())
	return round
}

// residentBytes is what this process has in memory: its pages, heap included, and the tables that map them.
func residentBytes() float64 {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer file.Close()
	var kilobytes float64
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) > 1 && (words[0] == "VmRSS:" || words[0] == "VmPTE:") {
			size, _ := strconv.ParseFloat(words[1], 64)
			kilobytes += size
		}
	}
	return kilobytes * 1024
}
