package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	fileBytes       = 1024
	streamBytes     = 10485760
	bufferBytes     = 64 * 1024
	getWarmEach     = 16
	openWarmTasks   = 8
	connectionsMost = 256
)

// A target is what is asked for.
type target struct {
	url   string
	bytes int
	fresh bool // each over a new connection
}

// httpRows are there when the environment says where the web server is.
func httpRows() []row {
	var rows []row
	if url := os.Getenv("WEIR_BENCH_HTTP_URL"); url != "" {
		rows = append(rows, closedRows("http/get", target{url: url, bytes: fileBytes})...)
		rows = append(rows, closedRow("http/churn", target{url: url, bytes: fileBytes, fresh: true}, 1))
		for _, rate := range []int{2000, 8000} {
			rate := rate
			rows = append(rows, row{
				pattern:     fmt.Sprintf("http/open_loop/rate:%d", rate),
				prepare:     func([]int) *session { return openSession(target{url: url, bytes: fileBytes}, rate) },
				workersMost: 1,
			})
		}
	}
	if url := os.Getenv("WEIR_BENCH_HTTP_STREAM_URL"); url != "" {
		rows = append(rows, closedRow(fmt.Sprintf("http/stream/bytes:%d", streamBytes), target{url: url, bytes: streamBytes}, 1))
	}
	if url := os.Getenv("WEIR_BENCH_HTTPS_URL"); url != "" {
		rows = append(rows, closedRows("http/tls", target{url: url, bytes: fileBytes})...)
	}
	return rows
}

func closedRows(name string, asked target) []row {
	var rows []row
	for _, concurrency := range []int{1, 8, 64} {
		rows = append(rows, closedRow(fmt.Sprintf("%s/concurrency:%d", name, concurrency), asked, concurrency))
	}
	return rows
}

func closedRow(name string, asked target, concurrency int) row {
	return row{
		pattern:     name,
		prepare:     func([]int) *session { return closedSession(asked, concurrency) },
		workersMost: 1,
	}
}

// newClient reads the certificates when it is made: the server makes them when it starts, after this process. What it
// dials is counted.
func newClient(connections int, dialled *int64) (*http.Client, *http.Transport) {
	dialer := net.Dialer{}
	transport := &http.Transport{
		MaxIdleConns:        connections,
		MaxIdleConnsPerHost: connections,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			atomic.AddInt64(dialled, 1)
			return dialer.DialContext(ctx, network, address)
		},
	}
	if text, err := os.ReadFile(os.Getenv("WEIR_BENCH_HTTPS_CA")); err == nil {
		authorities := x509.NewCertPool()
		authorities.AppendCertsFromPEM(text)
		transport.TLSClientConfig = &tls.Config{RootCAs: authorities}
	}
	return &http.Client{Transport: transport}, transport
}

func finishClient(transport *http.Transport) func() error {
	return func() error {
		transport.CloseIdleConnections()
		return nil
	}
}

func closedSession(asked target, concurrency int) *session {
	var dialled int64
	client, transport := newClient(concurrency, &dialled)
	return &session{
		warm: func(int) { getAll(client, asked, concurrency*getWarmEach, concurrency) },
		run: func(n int) outcome {
			before := atomic.LoadInt64(&dialled)
			result := getAll(client, asked, n, concurrency)
			fresh := atomic.LoadInt64(&dialled) - before
			if result.err == nil && asked.fresh && fresh != int64(n) {
				result.err = fmt.Errorf("%d connections were opened for %d requests, not one each", fresh, n)
			}
			return result
		},
		finish: finishClient(transport),
	}
}

// getAll does n GETs in so many goroutines that share the client.
func getAll(client *http.Client, asked target, n, concurrency int) outcome {
	left := int64(n)
	var done int64
	errs := make(chan error, concurrency)
	var ended sync.WaitGroup
	ended.Add(concurrency)
	used, start := processorTime(), time.Now()
	for i := 0; i < concurrency; i++ {
		go func() {
			defer ended.Done()
			buffer := make([]byte, bufferBytes)
			count := int64(0)
			for atomic.AddInt64(&left, -1) >= 0 {
				if err := get(client, asked, buffer); err != nil {
					errs <- err
					break
				}
				count++
			}
			atomic.AddInt64(&done, count)
		}()
	}
	ended.Wait()
	return got(int(done), n, start, used, errs)
}

func got(done, n int, start time.Time, used time.Duration, errs chan error) outcome {
	elapsed := time.Since(start)
	used = processorTime() - used
	result := outcome{count: done, elapsed: elapsed, fields: map[string]any{"cpu_ns": float64(used) / float64(n)}}
	select {
	case result.err = <-errs:
	default:
	}
	return result
}

func get(client *http.Client, asked target, buffer []byte) error {
	request, err := http.NewRequest(http.MethodGet, asked.url, nil)
	if err != nil {
		return err
	}
	request.Close = asked.fresh
	response, err := client.Do(request)
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
	if response.StatusCode != http.StatusOK || all != asked.bytes {
		return fmt.Errorf("status %d with a body of %d bytes, not 200 with %d", response.StatusCode, all, asked.bytes)
	}
	return nil
}

func openSession(asked target, rate int) *session {
	var dialled int64
	client, transport := newClient(connectionsMost, &dialled)
	transport.MaxConnsPerHost = connectionsMost
	return &session{
		warm:   func(int) { getAll(client, asked, openWarmTasks*getWarmEach, openWarmTasks) },
		run:    func(n int) outcome { return getInTime(client, asked, n, rate) },
		finish: finishClient(transport),
	}
}

// getInTime does n GETs, each in a goroutine of its own from the time at which it is due.
func getInTime(client *http.Client, asked target, n, rate int) outcome {
	var done int64
	errs := make(chan error, n)
	latencies := make([]int64, n)
	var ended sync.WaitGroup
	used, start := processorTime(), time.Now()
	for i := 0; i < n; i++ {
		i, due := i, start.Add(time.Duration(i)*time.Second/time.Duration(rate))
		if early := time.Until(due); early > 0 {
			time.Sleep(early)
		}
		ended.Add(1)
		go func() {
			defer ended.Done()
			var buffer [4096]byte
			if err := get(client, asked, buffer[:]); err != nil {
				errs <- err
			} else {
				atomic.AddInt64(&done, 1)
			}
			latencies[i] = int64(time.Since(due))
		}()
	}
	ended.Wait()
	result := got(int(done), n, start, used, errs)
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	result.fields["p50_ns"] = inThousand(latencies, 500)
	result.fields["p99_ns"] = inThousand(latencies, 990)
	result.fields["p999_ns"] = inThousand(latencies, 999)
	return result
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
