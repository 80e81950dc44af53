//go:build go1.23

// go.mod says go 1.19 so that Debian's toolchain builds this module; a newer one would then run the timers of 1.19. This
// line gives it the timers of its own world, and Go 1.19 never sees the file. (asynctimerchan=0 says the same, but a
// toolchain that has dropped the setting refuses it.) What really runs is measured: see timer_mode.go.

//go:debug default=go1.23
package main
