package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

const (
	fireBatch   = 100_000
	churnTimers = 1_000_000
	bytesTimers = 1_000_000
)

func timerRows(mode string) []row {
	var rows []row
	for _, pending := range []int{0, 100_000, 1_000_000} {
		rows = append(rows,
			pendingRow("timer/start_stop", pending, timerStartStop),
			pendingRow("timer/reset", pending, timerReset))
	}
	fire := fireTicks
	if mode == "prompt" {
		fire = fireFunctions
	}
	return append(rows,
		plain(fmt.Sprintf("timer/fire/due:%d", fireBatch), inBatches(fireBatch, fire)),
		row{pattern: fmt.Sprintf("timer/churn/pending:%d", churnTimers), prepare: func([]int) *session { return churnSession(churnTimers, mode) }},
		plain(fmt.Sprintf("timer/bytes/pending:%d", bytesTimers), timerBytes))
}

// pendingRow runs beside a number of timers that are due in one to two hours. Those are AfterFunc timers, because since
// Go 1.23 a timer with a channel that nobody waits for is not in the heap: it would be no load at all.
func pendingRow(family string, pending int, run func(n int) outcome) row {
	return row{pattern: fmt.Sprintf("%s/pending:%d", family, pending), prepare: func([]int) *session {
		var random random
		timers := make([]*time.Timer, pending)
		for i := range timers {
			timers[i] = time.AfterFunc(random.between(time.Hour, 2*time.Hour), func() {})
		}
		return &session{run: run, finish: func() error { return stopAll(timers) }}
	}}
}

func stopAll(timers []*time.Timer) error {
	for i, timer := range timers {
		if !timer.Stop() {
			return fmt.Errorf("timer %d of %d, due in an hour, was not pending at the end", i, len(timers))
		}
	}
	runtime.Gosched() // the scheduler drops them
	return nil
}

// timerStartStop and timerReset use one AfterFunc timer, for the same reason: it is put into the heap in every toolchain.
func timerStartStop(n int) outcome {
	timer := time.AfterFunc(time.Hour, func() {})
	timer.Stop()
	stopped := 0
	start := time.Now()
	for i := 0; i < n; i++ {
		timer.Reset(time.Second)
		if timer.Stop() {
			stopped++
		}
	}
	return outcome{count: stopped, elapsed: time.Since(start)}
}

func timerReset(n int) outcome {
	timer := time.AfterFunc(time.Hour, func() {})
	defer timer.Stop()
	running := 0
	start := time.Now()
	for i := 0; i < n; i++ {
		if timer.Reset(time.Second) {
			running++
		}
	}
	return outcome{count: running, elapsed: time.Since(start)}
}

func inBatches(most int, run func(size int) (int, time.Duration)) func(n int) outcome {
	return func(n int) (total outcome) {
		for begun := 0; begun < n; {
			size := most
			if size > n-begun {
				size = n - begun
			}
			count, elapsed := run(size)
			total.count += count
			total.elapsed += elapsed
			begun += size
		}
		return total
	}
}

// fireTicks makes timers with channels that are all due at one moment, and measures from there until every tick can be
// received. It serves classic mode only: in prompt mode such a timer is not in the heap and never fires by itself.
func fireTicks(size int) (int, time.Duration) {
	timers := make([]*time.Timer, size)
	due := makeDue(func(due time.Time) {
		for i := range timers {
			timers[i] = time.NewTimer(time.Until(due))
		}
	})
	present := 0
	for present < size {
		runtime.Gosched()
		for present < size && len(timers[present].C) == 1 {
			present++
		}
	}
	return present, time.Since(due)
}

// fireFunctions is its counterpart in prompt mode: functions that count, each in a goroutine of its own.
func fireFunctions(size int) (int, time.Duration) {
	var fired *atomic.Int64
	due := makeDue(func(due time.Time) {
		counter := new(atomic.Int64)
		fired = counter
		count := func() { counter.Add(1) }
		for i := 0; i < size; i++ {
			time.AfterFunc(time.Until(due), count)
		}
	})
	for fired.Load() < int64(size) {
		runtime.Gosched()
	}
	elapsed := time.Since(due)
	return int(fired.Load()), elapsed
}

// makeDue has timers made for one moment, returns shortly before it, and says when it is. If the making took so long that
// they were due meanwhile, it tries again with a later moment.
func makeDue(make func(due time.Time)) time.Time {
	for lead := 100 * time.Millisecond; ; lead *= 2 {
		due := time.Now().Add(lead)
		make(due)
		runtime.GC()
		if early := time.Until(due) - time.Millisecond; early > 0 {
			time.Sleep(early)
			return due
		}
	}
}

// timerBytes makes timers with channels, a million at a time. A run that is asked for fewer makes the rest outside the
// clock, so that the bytes are always those of one timer among a million. The slots in the runtime's own heap (8 or 16
// bytes) are not counted: its array has grown while warming up.
func timerBytes(n int) (total outcome) {
	var random random
	total.fields = map[string]any{}
	for total.count < n {
		timers := make([]*time.Timer, bytesTimers)
		outside := bytesTimers - n + total.count
		if outside < 0 {
			outside = 0
		}
		before := heapAlive()
		for i := range timers[:outside] {
			timers[i] = time.NewTimer(random.between(time.Hour, 2*time.Hour))
		}
		start := time.Now()
		for i := range timers[outside:] {
			timers[outside+i] = time.NewTimer(random.between(time.Hour, 2*time.Hour))
			total.count++
		}
		total.elapsed += time.Since(start)
		total.fields["bytes_per_timer"] = heapAlive().since(before).each(bytesTimers).bytes
		stopAll(timers)
	}
	return total
}
