package main

import (
	"fmt"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

const broadcastTimeout = 5 * time.Millisecond

func broadcastRows(mode string) []row {
	var rows []row
	for _, policy := range []string{"after", "timer", "none"} {
		for _, load := range []string{"ready", "slow", "exit"} {
			if policy == "none" && load == "slow" {
				continue // nothing would ever end that wait
			}
			prepare := broadcastSession(policy, load)
			plane := fmt.Sprintf("broadcast/policy:%s/mode:%s/load:%s/subscribers:*/concurrency:*", policy, mode, load)
			rows = append(rows, row{pattern: plane, prepare: prepare}, row{pattern: plane + "/capacity:*", prepare: prepare})
		}
	}
	return rows
}

// A broadcaster is the seed's program: a round offers one message to every subscriber through concurrency publishers.
// Message and round number are one. publish.go holds the policies.
type broadcaster struct {
	subscribers []chan int64
	timeout     time.Duration
	linger      time.Duration // after the end: the next request finds no timer abandoned by this one
	publish     func(b *broadcaster, first int, message int64, exit <-chan struct{}) tally
	receiving   []bool
	received    []padded
	receivers   sync.WaitGroup
	publishers  sync.WaitGroup
	tallies     []tally
	total       tally
	round       int64
	exit        atomic.Pointer[exit]
	exits       atomic.Int64 // rounds whose exit was closed in time
	closer      int          // the subscriber whose receiver closes the exit of each round; -1 = nobody
}

// An exit belongs to a round. A receiver that lags closes none: the publishers of its message have ended.
type exit struct {
	round  int64
	closed chan struct{}
}

// A tally is what happened to the messages of a publisher.
type tally struct {
	delivered, timedOut int
	_                   [48]byte // publishers do not share a cache line
}

type padded struct {
	count int
	_     [56]byte
}

func newBroadcaster(policy, load string, subscribers, concurrency, capacity int, timeout time.Duration) *broadcaster {
	b := &broadcaster{
		subscribers: make([]chan int64, subscribers),
		timeout:     timeout,
		linger:      timeout,
		publish:     policies[policy],
		receiving:   make([]bool, subscribers),
		received:    make([]padded, subscribers),
		tallies:     make([]tally, concurrency),
		closer:      -1,
	}
	b.exit.Store(&exit{closed: make(chan struct{})})
	if load == "exit" {
		b.closer = subscribers / 2
	}
	for i := range b.subscribers {
		b.subscribers[i] = make(chan int64, capacity)
		b.receiving[i] = load != "slow" || i%10 != 9
		if b.receiving[i] {
			b.receivers.Add(1)
			go b.receive(i)
		}
	}
	return b
}

func (b *broadcaster) receive(i int) {
	for message := range b.subscribers[i] {
		b.received[i].count++
		if i == b.closer {
			if exit := b.exit.Load(); exit.round == message {
				close(exit.closed)
				b.exits.Add(1)
			}
		}
	}
	b.receivers.Done()
}

func (b *broadcaster) broadcast() {
	b.round++
	if b.closer >= 0 {
		b.exit.Store(&exit{b.round, make(chan struct{})})
	}
	closed := b.exit.Load().closed
	b.publishers.Add(len(b.tallies))
	for first := range b.tallies {
		go func(first int) {
			b.tallies[first] = b.publish(b, first, b.round, closed)
			b.publishers.Done()
		}(first)
	}
	b.publishers.Wait()
	for _, t := range b.tallies {
		b.total.delivered += t.delivered
		b.total.timedOut += t.timedOut
	}
}

// drain waits until the receivers have taken what the last round left in the channels.
func (b *broadcaster) drain() {
	for i, subscriber := range b.subscribers {
		for b.receiving[i] && len(subscriber) > 0 {
			runtime.Gosched()
		}
	}
}

// finish ends the receivers and compares their books with the publishers'.
func (b *broadcaster) finish() error {
	for _, subscriber := range b.subscribers {
		close(subscriber)
	}
	b.receivers.Wait()
	time.Sleep(b.linger)
	received := 0
	for i, subscriber := range b.subscribers {
		received += b.received[i].count + len(subscriber)
	}
	if received != b.total.delivered {
		return fmt.Errorf("the publishers delivered %d messages, the receivers got %d", b.total.delivered, received)
	}
	return nil
}

func broadcastSession(policy, load string) func(numbers []int) *session {
	return func(numbers []int) *session {
		capacity := 1
		if len(numbers) == 3 {
			capacity = numbers[2]
		}
		b := newBroadcaster(policy, load, numbers[0], numbers[1], capacity, broadcastTimeout)
		return &session{run: func(n int) outcome { return b.rounds(n, load == "slow") }, finish: b.finish}
	}
}

// rounds broadcasts until n messages are delivered. Only a slow load takes the time of each round: elsewhere two readings of the
// clock would be a part of what is measured.
func (b *broadcaster) rounds(n int, timeRounds bool) outcome {
	before := b.total
	var lengths []time.Duration
	start := time.Now()
	for b.total.delivered-before.delivered < n {
		if timeRounds {
			begun := time.Now()
			b.broadcast()
			lengths = append(lengths, time.Since(begun))
		} else {
			b.broadcast()
		}
	}
	b.drain()
	done := outcome{count: b.total.delivered - before.delivered, elapsed: time.Since(start)}
	timeouts := b.total.timedOut - before.timedOut
	done.fields = map[string]any{"timeouts": timeouts}
	if b.closer >= 0 {
		done.fields["exits"] = float64(b.exits.Load()) / float64(b.round)
	}
	if timeRounds && timeouts > 0 {
		done.fields["ns_per_timeout"] = float64(done.elapsed.Nanoseconds()) / float64(timeouts)
	}
	if timeRounds {
		done.fields["round_p99_ns"] = percentile99(lengths).Nanoseconds()
	}
	return done
}

func percentile99(lengths []time.Duration) time.Duration {
	sort.Slice(lengths, func(i, j int) bool { return lengths[i] < lengths[j] })
	return lengths[(len(lengths)*99+99)/100-1]
}
