package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	fileBytes   = 1024
	getWarmEach = 16
)

// httpRows are there when the environment says where the web server is.
func httpRows() []row {
	url := os.Getenv("WEIR_BENCH_HTTP_URL")
	if url == "" {
		return nil
	}
	var rows []row
	for _, concurrency := range []int{1, 8, 64} {
		concurrency := concurrency
		rows = append(rows, row{
			pattern:     fmt.Sprintf("http/get/concurrency:%d", concurrency),
			prepare:     func([]int) *session { return httpSession(url, concurrency) },
			workersMost: 1,
		})
	}
	return rows
}

func httpSession(url string, concurrency int) *session {
	transport := &http.Transport{MaxIdleConns: concurrency, MaxIdleConnsPerHost: concurrency}
	client := &http.Client{Transport: transport}
	return &session{
		warm: func(int) { getAll(client, url, concurrency*getWarmEach, concurrency) },
		run:  func(n int) outcome { return getAll(client, url, n, concurrency) },
		finish: func() error {
			transport.CloseIdleConnections()
			return nil
		},
	}
}

// getAll does n GETs in so many goroutines that share the client.
func getAll(client *http.Client, url string, n, concurrency int) outcome {
	left := int64(n)
	var done int64
	errs := make(chan error, concurrency)
	var ended sync.WaitGroup
	ended.Add(concurrency)
	used, start := processorTime(), time.Now()
	for i := 0; i < concurrency; i++ {
		go func() {
			defer ended.Done()
			buffer := make([]byte, 4096)
			count := int64(0)
			for atomic.AddInt64(&left, -1) >= 0 {
				if err := get(client, url, buffer); err != nil {
					errs <- err
					break
				}
				count++
			}
			atomic.AddInt64(&done, count)
		}()
	}
	ended.Wait()
	elapsed := time.Since(start)
	used = processorTime() - used
	result := outcome{count: int(done), elapsed: elapsed, fields: map[string]any{"cpu_ns": float64(used) / float64(n)}}
	select {
	case result.err = <-errs:
	default:
	}
	return result
}

func get(client *http.Client, url string, buffer []byte) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	all := 0
	for {
		size, err := response.Body.Read(buffer)
		all += size
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if response.StatusCode != http.StatusOK || all != fileBytes {
		return fmt.Errorf("status %d with a body of %d bytes, not 200 with %d", response.StatusCode, all, fileBytes)
	}
	return nil
}

// processorTime is that of all threads of the process, the kernel's part included.
func processorTime() time.Duration {
	const clockProcess = 2 // CLOCK_PROCESS_CPUTIME_ID
	var now syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockProcess, uintptr(unsafe.Pointer(&now)), 0); errno != 0 {
		return 0
	}
	return time.Duration(now.Nano())
}
