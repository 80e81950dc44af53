package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

const thunderingTasks = 64

func selectRows() []row {
	rows := []row{plain("select/ready:2/cases:2", selectReady(receive2, 2, 0, 1))}
	receive := map[int]func([]chan int64) int{2: receive2, 8: receive8, 64: receive64}
	for _, cases := range []int{8, 64} {
		run := selectReady(receive[cases], cases, cases/2)
		rows = append(rows, plain(fmt.Sprintf("select/ready:1/cases:%d", cases), run))
	}
	for _, cases := range []int{2, 8, 64} {
		run := selectBlock(receive[cases], cases)
		rows = append(rows, plain(fmt.Sprintf("select/block/cases:%d", cases), run))
	}
	return append(rows, plain("select/thundering/tasks:64", selectThundering))
}

// selectReady receives from the channels named ready and refills each at once, so that they always are.
func selectReady(receive func([]chan int64) int, cases int, ready ...int) func(n int) outcome {
	return func(n int) outcome {
		channels := make([]chan int64, cases)
		for i := range channels {
			channels[i] = make(chan int64, 1)
		}
		for _, i := range ready {
			channels[i] <- 0
		}
		received := make([]int, cases)
		start := time.Now()
		for i := 0; i < n; i++ {
			chosen := receive(channels)
			received[chosen]++
			channels[chosen] <- 0
		}
		done := outcome{elapsed: time.Since(start)}
		for _, i := range ready {
			done.count += received[i]
		}
		return done
	}
}

// selectBlock sends on each channel in turn to a task that waits for all of them. The sender yields after a send: without
// that it would itself be waiting when the selector comes back, and every second select would not block.
func selectBlock(receive func([]chan int64) int, cases int) func(n int) outcome {
	return func(n int) outcome {
		channels := make([]chan int64, cases)
		for i := range channels {
			channels[i] = make(chan int64)
		}
		woken := 0
		var selector sync.WaitGroup
		selector.Add(1)
		start := time.Now()
		go func() {
			for i := 0; i < n; i++ {
				if receive(channels) == i%cases {
					woken++
				}
			}
			selector.Done()
		}()
		for i := 0; i < n; i++ {
			runtime.Gosched()
			channels[i%cases] <- 0
		}
		selector.Wait()
		return outcome{count: woken, elapsed: time.Since(start)}
	}
}

func selectThundering(n int) outcome {
	shared, quit := make(chan int64), make(chan struct{})
	received := make([]int, thunderingTasks)
	var tasks sync.WaitGroup
	tasks.Add(thunderingTasks)
	for i := range received {
		go func(i int) {
			defer tasks.Done()
			for mine := 0; ; mine++ {
				select {
				case <-shared:
				case <-quit:
					received[i] = mine
					return
				}
			}
		}(i)
	}
	runtime.Gosched()
	start := time.Now()
	for i := 0; i < n; i++ {
		shared <- 0
	}
	done := outcome{elapsed: time.Since(start)}
	close(quit)
	tasks.Wait()
	for _, mine := range received {
		done.count += mine
	}
	return done
}
