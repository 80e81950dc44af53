package main

import (
	"context"
	"fmt"
	"time"
)

const contextChildren = 10_000

func contextRows() []row {
	return []row{plain(fmt.Sprintf("context/cancel/children:%d", contextChildren), inBatches(contextChildren, contextCancel))}
}

// contextCancel times the cancelling alone. Every child has been asked for its Done channel before, so that there is one to
// close: without that Go makes none. Only a child that is found done counts.
func contextCancel(size int) (done int, elapsed time.Duration) {
	parent, cancel := context.WithCancel(context.Background())
	children := make([]context.Context, size)
	cancels := make([]context.CancelFunc, size)
	for i := range children {
		children[i], cancels[i] = context.WithCancel(parent)
		children[i].Done()
	}
	start := time.Now()
	cancel()
	elapsed = time.Since(start)
	for i, child := range children {
		select {
		case <-child.Done():
			if child.Err() == context.Canceled {
				done++
			}
		default:
		}
		cancels[i]()
	}
	return done, elapsed
}
