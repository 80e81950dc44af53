package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const spawnBatch = 1000

func spawnRows() []row {
	return []row{
		plain("spawn/join/batch:1000", spawnJoin),
		plain("yield/pair", yieldPair),
	}
}

// The closure is made once, so that a go statement allocates nothing but its goroutine.
func spawnJoin(n int) outcome {
	var ran atomic.Int64
	var batch sync.WaitGroup
	task := func() {
		ran.Add(1)
		batch.Done()
	}
	start := time.Now()
	for begun := 0; begun < n; {
		size := spawnBatch
		if size > n-begun {
			size = n - begun
		}
		batch.Add(size)
		for i := 0; i < size; i++ {
			go task()
		}
		batch.Wait()
		begun += size
	}
	return outcome{count: int(ran.Load()), elapsed: time.Since(start)}
}

func yieldPair(n int) outcome {
	var yields [2]int
	var both sync.WaitGroup
	start := time.Now()
	both.Add(2)
	for i := range yields {
		go func(i int) {
			mine := 0
			for ; mine < n; mine++ {
				runtime.Gosched()
			}
			yields[i] = mine
			both.Done()
		}(i)
	}
	both.Wait()
	return outcome{count: (yields[0] + yields[1]) / 2, elapsed: time.Since(start)}
}
