package main

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A row is one benchmark, or with * in its pattern (a positive number) a whole plane of them.
type row struct {
	pattern      string // without the last component, /workers:W
	prepare      func(numbers []int) *session
	workersLeast int // with fewer it is not there; 0 = any number
	workersMost  int // with more it is not there; 0 = any number
}

// A session is a row made ready: its channels, receivers and pending timers exist, and nothing has been timed.
type session struct {
	warm   func(n int)         // about n operations; nil = run does
	run    func(n int) outcome // does n operations, or where a round is the unit enough rounds for n, and times them
	finish func() error        // ends what prepare began and says when the tasks' books disagree with run's
}

// An outcome is what was really done: count comes from counters the tasks kept.
type outcome struct {
	count   int
	elapsed time.Duration
	fields  map[string]any
	err     error // nothing above is meaningful
}

// A match is a row with its numbers, to be run on that many workers.
type match struct {
	row
	numbers []int
	workers int
}

const (
	workersMost = 2
	numberMost  = 10_000_000
	warmUpMost  = 1000
)

func rowsOf(mode string, timer alive) []row {
	var rows []row
	rows = append(rows, spawnRows()...)
	rows = append(rows, channelRows()...)
	rows = append(rows, selectRows()...)
	rows = append(rows, timerRows(mode)...)
	rows = append(rows, contextRows()...)
	rows = append(rows, workersRows()...)
	rows = append(rows, wakeRows()...)
	rows = append(rows, httpRows()...)
	rows = append(rows, parkedRows()...)
	rows = append(rows, broadcastRows(mode)...)
	rows = append(rows, steadyRows(mode, timer)...)
	rows = append(rows, growthRows(mode, timer)...)
	return rows
}

func namesOf(rows []row) []string {
	var names []string
	for _, r := range rows {
		for workers := 1; workers <= workersMost; workers++ {
			if r.runsWith(workers) {
				names = append(names, fmt.Sprintf("%s/workers:%d", r.pattern, workers))
			}
		}
	}
	return names
}

func (r row) runsWith(workers int) bool {
	return workers >= r.workersLeast && (r.workersMost == 0 || workers <= r.workersMost)
}

func find(rows []row, name string) (match, error) {
	for workers := 1; workers <= workersMost; workers++ {
		suffix := fmt.Sprintf("/workers:%d", workers)
		if !strings.HasSuffix(name, suffix) {
			continue
		}
		benchmark := strings.TrimSuffix(name, suffix)
		for _, r := range rows {
			if numbers, ok := fit(r.pattern, benchmark); ok && r.runsWith(workers) {
				return match{r, numbers, workers}, nil
			}
		}
	}
	return match{}, fmt.Errorf("%s: this peer (%s) holds no such benchmark: ask it to list", name, runtime.Version())
}

// fit reads the numbers that stand where the pattern has a star.
func fit(pattern, benchmark string) (numbers []int, ok bool) {
	rest := benchmark
	for i, literal := range strings.Split(pattern, "*") {
		if i > 0 {
			after := strings.TrimLeft(rest, "0123456789")
			number, err := strconv.Atoi(strings.TrimSuffix(rest, after))
			if err != nil || number < 1 || number > numberMost {
				return nil, false
			}
			numbers = append(numbers, number)
			rest = after
		}
		if !strings.HasPrefix(rest, literal) {
			return nil, false
		}
		rest = strings.TrimPrefix(rest, literal)
	}
	return numbers, rest == ""
}

// measure warms up with a tenth of the work, collects, and then does it.
func (m match) measure(n int) (outcome, error) {
	runtime.GOMAXPROCS(1) // a worker that goes hands its timers over, and those stopped long ago are dropped
	runtime.GOMAXPROCS(m.workers)
	s := m.prepare(m.numbers)
	warmUp := n/10 + 1
	if warmUp > warmUpMost {
		warmUp = warmUpMost
	}
	if s.warm != nil {
		s.warm(warmUp)
	} else {
		s.run(warmUp)
	}
	runtime.GC()
	done := s.run(n)
	if err := s.finish(); done.err == nil {
		done.err = err
	}
	return done, done.err
}

// plain is a row that has nothing to prepare.
func plain(pattern string, run func(n int) outcome) row {
	return row{pattern: pattern, prepare: func([]int) *session {
		return &session{run: run, finish: func() error { return nil }}
	}}
}
