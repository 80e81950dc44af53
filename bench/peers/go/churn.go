package main

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const churnYield = 64 // operations between two yields, so that what is due fires on one worker too

// churn keeps a number of timers pending, each armed for 1 ms to 60 s. An operation picks one: 95 in 100 are stopped and
// armed again, the others are left to fire, and a timer that fires is armed again.
//
// In prompt mode a stopped timer is armed by Reset. In classic mode it is made anew, because there Reset to an earlier time
// leaves the heap unsorted and the next scheduling round looks at every timer in it: 200,000 ns an operation against 900.
type churn struct {
	reset   bool
	random  random
	timers  []atomic.Pointer[time.Timer]
	fired   atomic.Int64
	running atomic.Int64 // functions of fired timers under way
	ended   atomic.Bool
}

func churnSession(pending int, mode string) *session {
	c := &churn{reset: mode == "prompt", timers: make([]atomic.Pointer[time.Timer], pending)}
	for i := range c.timers {
		c.arm(i)
	}
	debug.FreeOSMemory() // a scavenger at work resets a timer of its own now and then: in classic mode, see above
	return &session{run: c.run, finish: c.finish}
}

func (c *churn) delay() time.Duration {
	return c.random.between(time.Millisecond, time.Minute)
}

func (c *churn) arm(i int) {
	c.timers[i].Store(time.AfterFunc(c.delay(), func() { c.fire(i) }))
}

func (c *churn) fire(i int) {
	c.running.Add(1)
	if !c.ended.Load() {
		c.fired.Add(1)
		c.arm(i)
	}
	c.running.Add(-1)
}

func (c *churn) run(n int) outcome {
	firedBefore := c.fired.Load()
	rearmed, left := 0, 0
	start := time.Now()
	for i := 0; i < n; i++ {
		draw := c.random.next()
		picked := int(uint32(draw)) % len(c.timers)
		timer := c.timers[picked].Load()
		switch {
		case draw>>32%100 >= 95 || !timer.Stop(): // or it fires right now
			left++
		case c.reset:
			timer.Reset(c.delay())
			rearmed++
		default:
			c.arm(picked)
			rearmed++
		}
		if i%churnYield == 0 {
			runtime.Gosched()
		}
	}
	elapsed := time.Since(start)
	fields := map[string]any{"fired": c.fired.Load() - firedBefore}
	return outcome{count: rearmed + left, elapsed: elapsed, fields: fields}
}

// finish lets every function that may still arm its timer end before it stops them all.
func (c *churn) finish() error {
	c.ended.Store(true)
	for c.running.Load() > 0 {
		runtime.Gosched()
	}
	for i := range c.timers {
		c.timers[i].Load().Stop()
	}
	return nil
}
