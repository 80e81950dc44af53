package main

import (
	"runtime"
	"sort"
	"time"
)

func wakeRows() []row {
	return []row{plain("wake/latency", wakeLatency)}
}

// wakeLatency sends to a goroutine that is blocked in a receive. The latency is from just before the send to the sleeper's
// first reading of the clock; a yield lets it take that and block again. Since reads the monotonic clock alone.
func wakeLatency(n int) outcome {
	sends := make(chan time.Duration)
	latencies := make([]int64, 0, n)
	ended := make(chan struct{})
	base := time.Now()
	go func() {
		for sent := range sends {
			latencies = append(latencies, int64(time.Since(base)-sent))
		}
		close(ended)
	}()
	runtime.Gosched()
	start := time.Now()
	for i := 0; i < n; i++ {
		sends <- time.Since(base)
		runtime.Gosched()
	}
	elapsed := time.Since(start)
	close(sends)
	<-ended
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	return outcome{count: len(latencies), elapsed: elapsed, fields: map[string]any{
		"p50_ns":  inThousand(latencies, 500),
		"p99_ns":  inThousand(latencies, 990),
		"p999_ns": inThousand(latencies, 999),
	}}
}

// inThousand is the smallest of the sorted values that so many in a thousand do not exceed.
func inThousand(sorted []int64, share int) int64 {
	return sorted[(len(sorted)*share+999)/1000-1]
}
