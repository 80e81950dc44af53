package main

import "time"

// How a send is bounded, in the words of the seed. deadline is missing: Go has no such send.
var policies = map[string]func(*broadcaster, int, int64, <-chan struct{}) tally{
	"after": publishAfter,
	"timer": publishTimer,
	"none":  publishNone,
}

// publishAfter is the leak: a fresh timer a send, abandoned as soon as the send goes through.
func publishAfter(b *broadcaster, first int, message int64, exit <-chan struct{}) (t tally) {
	for i := first; i < len(b.subscribers); i += len(b.tallies) {
		select {
		case b.subscribers[i] <- message:
			t.delivered++
		case <-time.After(b.timeout):
			t.timedOut++
		case <-exit:
			return t
		}
	}
	return t
}

// publishTimer is the cure: one timer, stopped, drained without blocking, and reset.
func publishTimer(b *broadcaster, first int, message int64, exit <-chan struct{}) (t tally) {
	timer := time.NewTimer(b.timeout)
	defer timer.Stop()
	for i := first; i < len(b.subscribers); i += len(b.tallies) {
		if !timer.Stop() {
			select {
			case <-timer.C:
			default:
			}
		}
		timer.Reset(b.timeout)
		select {
		case b.subscribers[i] <- message:
			t.delivered++
		case <-timer.C:
			t.timedOut++
		case <-exit:
			return t
		}
	}
	return t
}

func publishNone(b *broadcaster, first int, message int64, exit <-chan struct{}) (t tally) {
	for i := first; i < len(b.subscribers); i += len(b.tallies) {
		select {
		case b.subscribers[i] <- message:
			t.delivered++
		case <-exit:
			return t
		}
	}
	return t
}
