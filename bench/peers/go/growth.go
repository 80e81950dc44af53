package main

import (
	"fmt"
	"runtime"
	"time"
)

const growthPoints = 40

// growthRows are for weir-curves: one curve is one request, in a process of its own, because the timers that a curve
// abandons are alive for up to a minute.
func growthRows(mode string, timer alive) []row {
	var rows []row
	for _, policy := range []string{"after", "timer", "none"} {
		plane := fmt.Sprintf("growth/policy:%s/mode:%s/subscribers:*/concurrency:*/timeout_ms:*/pace_ms:*", policy, mode)
		rows = append(rows, row{pattern: plane, workersMost: 1, prepare: growthSession(policy, timer)})
	}
	return rows
}

// A growthCurve reads the heap again and again while n messages are delivered.
type growthCurve struct {
	*broadcaster
	timer   alive // one pending timer
	pace    time.Duration
	before  alive
	start   time.Time
	reading time.Duration // what readings took: no part of the time beside the points
	points  [growthPoints + 1]growthPoint
}

type growthPoint struct {
	messages              int
	seconds, live, before float64
	timers                int
}

func growthSession(policy string, timer alive) func(numbers []int) *session {
	return func(numbers []int) *session {
		timeout := time.Duration(numbers[2]) * time.Millisecond
		b := newBroadcaster(policy, "ready", numbers[0], numbers[1], 1, timeout)
		b.linger = 0 // the process ends with its curve
		c := &growthCurve{broadcaster: b, timer: timer, pace: time.Duration(numbers[3]) * time.Millisecond}
		return &session{warm: func(int) {}, run: c.run, finish: b.finish}
	}
}

func (c *growthCurve) run(n int) outcome {
	c.broadcast() // what the first round alone makes is no part of the curve
	c.drain()
	c.total = tally{}
	collectTwice()
	c.before, _ = collectTwice()
	c.start = time.Now()
	c.points[0] = c.read(c.before, c.before.bytes)
	for i := 1; i <= growthPoints; i++ {
		for c.total.delivered < n*i/growthPoints {
			c.broadcast()
		}
		c.drain()
		time.Sleep(c.pace*time.Duration(i)/growthPoints - time.Since(c.start) + c.reading)
		begun := time.Now()
		now, bytes := collectTwice()
		c.points[i] = c.read(now, bytes)
		c.reading += time.Since(begun)
	}
	done := outcome{count: c.total.delivered, elapsed: time.Since(c.start) - c.reading, fields: c.fields()}
	c.total.delivered += len(c.subscribers) // the receivers know of the first round
	return done
}

// collectTwice returns what is alive after two collections, and the bytes before them.
func collectTwice() (alive, float64) {
	var statistics runtime.MemStats
	runtime.ReadMemStats(&statistics)
	runtime.GC()
	return heapAlive(), float64(statistics.HeapAlloc)
}

// A timer alive between two rounds is held by nobody: pending and abandoned are one number.
func (c *growthCurve) read(now alive, bytes float64) growthPoint {
	more := now.since(c.before)
	timers := int(more.objects / c.timer.objects)
	if timers < 0 {
		timers = 0
	}
	return growthPoint{c.total.delivered, (time.Since(c.start) - c.reading).Seconds(), more.bytes, bytes - c.before.bytes, timers}
}

// fields names the points NAME@INDEX. They are made last: they would be alive.
func (c *growthCurve) fields() map[string]any {
	fields := map[string]any{}
	for i, p := range c.points {
		set := func(name string, value any) { fields[fmt.Sprintf("%s@%d", name, i)] = value }
		set("messages", p.messages)
		set("seconds", p.seconds)
		set("live_bytes", p.live)
		set("before_collection", p.before)
		set("pending", p.timers)
		set("abandoned", p.timers)
	}
	return fields
}
