package main

import (
	"sync"
	"time"
)

const channelCapacity = 128

func channelRows() []row {
	return []row{
		plain("channel/ping_pong/capacity:0", pingPong),
		plain("channel/spsc/capacity:128", pass[int64](1, 1)),
		plain("channel/mpmc/producers:4/consumers:4/capacity:128", pass[int64](4, 4)),
		plain("channel/element:64", pass[[64]byte](1, 1)),
		plain("channel/element:4096", pass[[4096]byte](1, 1)),
		plain("try/recv_empty", tryReceive),
	}
}

func pingPong(n int) outcome {
	ping, pong := make(chan int64), make(chan int64)
	trips := 0
	var both sync.WaitGroup
	start := time.Now()
	both.Add(2)
	go func() {
		for i := int64(0); i < int64(n); i++ {
			ping <- i
			if <-pong == i {
				trips++
			}
		}
		close(ping)
		both.Done()
	}()
	go func() {
		for value := range ping {
			pong <- value
		}
		both.Done()
	}()
	both.Wait()
	return outcome{count: trips, elapsed: time.Since(start)}
}

// pass sends n elements from the producers to the consumers through one channel.
func pass[element any](producers, consumers int) func(n int) outcome {
	return func(n int) outcome {
		channel := make(chan element, channelCapacity)
		received := make([]int, consumers)
		var sending, receiving sync.WaitGroup
		start := time.Now()
		sending.Add(producers)
		receiving.Add(consumers)
		for i := 0; i < producers; i++ {
			go func(share int) {
				var value element
				for ; share > 0; share-- {
					channel <- value
				}
				sending.Done()
			}((n + i) / producers)
		}
		for i := 0; i < consumers; i++ {
			go func(i int) {
				mine := 0
				for value := range channel { // named: without it Go would not copy the element out
					_ = value
					mine++
				}
				received[i] = mine
				receiving.Done()
			}(i)
		}
		sending.Wait()
		close(channel)
		receiving.Wait()
		done := outcome{elapsed: time.Since(start)}
		for _, mine := range received {
			done.count += mine
		}
		return done
	}
}

func tryReceive(n int) outcome {
	channel := make(chan int64, channelCapacity)
	empty := 0
	start := time.Now()
	for i := 0; i < n; i++ {
		select {
		case <-channel:
		default:
			empty++
		}
	}
	return outcome{count: empty, elapsed: time.Since(start)}
}
