package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	settleTimeouts = 10               // after so many timeouts as many timers expire as are made
	settleMost     = 10 * time.Second // a longer way to the steady state is not gone …
	settleMessages = 2_000_000        // … but only as far as the seed's own experiment
	steadySamples  = 10
)

func steadyRows(mode string, timer alive) []row {
	var rows []row
	for _, policy := range []string{"after", "timer", "none"} {
		plane := fmt.Sprintf("steady/policy:%s/mode:%s/subscribers:*/concurrency:*/timeout_ms:*", policy, mode)
		rows = append(rows, row{pattern: plane, prepare: steadySession(policy, timer)})
	}
	return rows
}

// A steadyState is the broadcast loop with its memory under observation. What it counts is what a collection leaves
// between two rounds, when every publisher has ended: a timer alive then is held by nobody, so pending and abandoned are
// one number. Timers are told by the objects they are made of, which is independent of the bytes.
type steadyState struct {
	*broadcaster
	timer   alive // one pending timer
	before  alive // before the first broadcast
	settled bool
}

func steadySession(policy string, timer alive) func(numbers []int) *session {
	return func(numbers []int) *session {
		timeout := time.Duration(numbers[2]) * time.Millisecond
		s := &steadyState{
			timer:       timer,
			broadcaster: newBroadcaster(policy, "ready", numbers[0], numbers[1], 1, timeout),
		}
		ready := &session{s.settle, s.sample, s.finish}
		runtime.GC() // one more: a sync.Pool keeps what it holds for one collection
		s.before = heapAlive()
		return ready
	}
}

func (s *steadyState) settle(int) {
	start := time.Now()
	until := s.timeout * settleTimeouts
	s.settled = until <= settleMost
	for s.settled && time.Since(start) < until || !s.settled && s.total.delivered < settleMessages {
		s.broadcast()
	}
}

// sample reads the heap a few times and then delivers n messages. A reading collects, which holds up the messages, so the rate
// beside it is that of the rounds just before. Meanwhile there is no other collection: a reading would first wait for its
// end while the timers expire. What that allocates is twice what is alive.
func (s *steadyState) sample(n int) outcome {
	window := s.timeout
	if !s.settled {
		window = 100 * time.Millisecond
	}
	var sum alive
	var delivered int
	var length time.Duration
	percent := debug.SetGCPercent(-1)
	runtime.GC()
	for i := 0; i < steadySamples; i++ {
		s.broadcastFor(window) // until what the collection held up no longer shows
		before := s.total
		length += s.broadcastFor(window)
		delivered += s.total.delivered - before.delivered
		now := heapAlive().since(s.before)
		sum.bytes += now.bytes
		sum.objects += now.objects
	}
	debug.SetGCPercent(percent)
	done := s.rounds(n, false)
	mean := sum.each(steadySamples)
	done.fields["rate"] = float64(delivered) / length.Seconds()
	timers := int(mean.objects / s.timer.objects) // whole ones: the loop keeps an object or two of its own
	done.fields["timers_pending"] = timers
	done.fields["timers_abandoned"] = timers
	done.fields["live_bytes"] = mean.bytes
	done.fields["bytes_per_timer"] = s.timer.bytes
	done.fields["timeout_ns"] = s.timeout.Nanoseconds()
	done.fields["seconds"] = length.Seconds()
	done.fields["steady"] = 0
	if s.settled {
		done.fields["steady"] = 1
	}
	return done
}

func (s *steadyState) broadcastFor(length time.Duration) time.Duration {
	start := time.Now()
	for time.Since(start) < length {
		s.broadcast()
	}
	return time.Since(start)
}
