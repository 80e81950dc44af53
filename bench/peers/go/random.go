package main

import (
	"sync/atomic"
	"time"
)

// A random draws pseudo-random numbers (splitmix64). Goroutines may share one; the zero value is a seed.
type random struct {
	state atomic.Uint64
}

func (r *random) next() uint64 {
	x := r.state.Add(0x9e3779b97f4a7c15)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (r *random) between(least, most time.Duration) time.Duration {
	return least + time.Duration(r.next()%uint64(most-least))
}
