package main

import (
	"sync"
	"time"
)

// What several workers are for: see ../README.md, steal/skewed and mutex/contended.

const (
	skewedBatch = 1000
	skewedWork  = 1000 // steps of four cycles each: about a microsecond
	lockers     = 8
)

func workersRows() []row {
	cross := plain("channel/ping_pong/cross", pingPong)
	cross.workersLeast = 2 // where the scheduler puts the two goroutines is its own choice
	return []row{
		cross,
		plain("mutex/contended", mutexContended),
		{pattern: "steal/skewed", prepare: skewedSession},
	}
}

func work(x uint64) uint64 {
	for i := 0; i < skewedWork; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

// skewedSession has one goroutine start all the others. The expected results are computed beforehand.
func skewedSession([]int) *session {
	expected := make([]uint64, skewedBatch)
	for i := range expected {
		expected[i] = work(uint64(i))
	}
	results := make([]uint64, skewedBatch)
	var batch sync.WaitGroup
	task := func(i int) {
		results[i] = work(uint64(i))
		batch.Done()
	}
	run := inBatches(skewedBatch, func(size int) (count int, elapsed time.Duration) {
		start := time.Now()
		for i := range results {
			results[i] = 0
		}
		batch.Add(size)
		for i := 0; i < size; i++ {
			go task(i)
		}
		batch.Wait()
		for i, result := range results[:size] {
			if result == expected[i] {
				count++
			}
		}
		return count, time.Since(start)
	})
	return &session{run: run, finish: func() error { return nil }}
}

// mutexContended does n pairs on one sync.Mutex from eight goroutines. The counter is a plain one: only the mutex keeps it
// right.
func mutexContended(n int) outcome {
	var mutex sync.Mutex
	var all sync.WaitGroup
	counted := 0
	start := time.Now()
	all.Add(lockers)
	for i := 0; i < lockers; i++ {
		go func(share int) {
			for ; share > 0; share-- {
				mutex.Lock()
				counted++
				mutex.Unlock()
			}
			all.Done()
		}((n + i) / lockers)
	}
	all.Wait()
	return outcome{count: counted, elapsed: time.Since(start)}
}
