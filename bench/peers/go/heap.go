package main

import (
	"runtime"
	"time"
)

// alive is what a collection leaves. One collection is enough: it begins after the call, and what it keeps is what could
// be reached when it began. A second one would come late, when timers of the moment asked about have already gone.
type alive struct {
	bytes, objects float64
}

func heapAlive() alive {
	var statistics runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&statistics)
	return alive{float64(statistics.HeapAlloc), float64(statistics.HeapObjects)}
}

func (a alive) since(before alive) alive {
	return alive{a.bytes - before.bytes, a.objects - before.objects}
}

func (a alive) each(count int) alive {
	return alive{a.bytes / float64(count), a.objects / float64(count)}
}

const aliveTimers = 1000

// aliveTimer is what one pending timer with a channel is made of. It is asked for once, before anything else: the runtime
// drops stopped timers when it likes, and its heap of timers must grow from nothing to be counted.
func aliveTimer() alive {
	runtime.GOMAXPROCS(1)
	timers := make([]*time.Timer, aliveTimers)
	before := heapAlive()
	for i := range timers {
		timers[i] = time.NewTimer(time.Hour)
	}
	each := heapAlive().since(before).each(aliveTimers)
	stopAll(timers)
	return each
}
