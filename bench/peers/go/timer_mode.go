package main

import (
	"runtime"
	"time"
)

// timerMode tells which timers this process runs by what they do, not by the toolchain's version: GODEBUG, go.mod and
// //go:debug can each change them. Stop on a timer that fired and was not read is false in classic mode (the tick is in
// the channel) and true in prompt mode (the tick is discarded).
func timerMode() string {
	timer := time.NewTimer(time.Microsecond)
	time.Sleep(2 * time.Millisecond)
	for cap(timer.C) == 1 && len(timer.C) == 0 {
		runtime.Gosched() // a classic timer has fired when its tick can be seen
	}
	if timer.Stop() {
		return "prompt"
	}
	return "classic"
}
