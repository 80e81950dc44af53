// The Go peer of weir-bench: the benchmarks of ../README.md in the words of Go.
//
// One source serves every toolchain from 1.19 on and uses no module. This file speaks the protocol: one request a line on
// standard input, one JSON line a request on standard output, the end of input ends the program with 0. What can be run
// is in row.go; each other file holds one family of benchmarks.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == parkedArgument {
		if err := park(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "peer:", err)
			os.Exit(1)
		}
		return
	}
	peer := peer{rows: rowsOf(timerMode(), aliveTimer())}
	requests := bufio.NewReader(os.Stdin)
	for {
		line, err := requests.ReadString('\n')
		if err == nil || line != "" {
			answer(os.Stdout, peer.handle(strings.Fields(line)))
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "peer: cannot read a request:", err)
			os.Exit(1)
		}
	}
}

type peer struct {
	rows []row
}

func (p *peer) handle(words []string) map[string]any {
	switch {
	case len(words) == 1 && words[0] == "list":
		return map[string]any{"benchmarks": namesOf(p.rows), "version": runtime.Version()}
	case len(words) == 3 && words[0] == "run":
		n, err := strconv.Atoi(words[2])
		if err != nil || n < 1 {
			return failure(fmt.Errorf("run %s: %q is not a positive number of operations", words[1], words[2]))
		}
		return p.run(words[1], n)
	}
	return failure(fmt.Errorf("%q is not a request: say list, or run NAME N", strings.Join(words, " ")))
}

func (p *peer) run(name string, n int) map[string]any {
	found, err := find(p.rows, name)
	if err != nil {
		return failure(err)
	}
	done, err := found.measure(n)
	if err != nil {
		return failure(fmt.Errorf("%s: %w", name, err))
	}
	reply := map[string]any{"name": name, "ns": done.elapsed.Nanoseconds(), "count": done.count, "version": runtime.Version()}
	for field, value := range done.fields {
		reply[field] = value
	}
	return reply
}

func failure(err error) map[string]any {
	return map[string]any{"error": err.Error()}
}

func answer(out io.Writer, reply map[string]any) {
	text, err := json.Marshal(reply)
	if err != nil { // a field that is not a number JSON can hold
		text, _ = json.Marshal(failure(fmt.Errorf("the answer cannot be written: %w", err)))
	}
	if _, err := out.Write(append(text, '\n')); err != nil {
		fmt.Fprintln(os.Stderr, "peer: cannot answer:", err)
		os.Exit(1)
	}
}
