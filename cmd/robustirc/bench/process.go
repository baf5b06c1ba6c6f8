package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of /proc/PID/stat: Linux reports it as 100 per second on every architecture.
const clockTick = 10 * time.Millisecond

// cpuOf is the CPU time that the processes have used, all together.
func cpuOf(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // a node that was killed
		}
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 13 {
			continue
		}
		for _, f := range fields[11:13] { // utime, stime
			n, _ := strconv.ParseInt(string(f), 10, 64)
			sum += time.Duration(n) * clockTick
		}
	}
	return sum
}

// rssOf is the resident memory of each process in bytes.
func rssOf(pids []int) map[int]int64 {
	rss := make(map[int]int64, len(pids))
	for _, pid := range pids {
		statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			continue
		}
		if fields := bytes.Fields(statm); len(fields) > 1 {
			pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
			rss[pid] = pages * int64(os.Getpagesize())
		}
	}
	return rss
}

func total(rss map[int]int64) (sum int64) {
	for _, n := range rss {
		sum += n
	}
	return sum
}
