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

// Memory is the resident memory of a process in bytes. Mapped is the part that is pages of mapped files, such as the
// raft log's, which the kernel takes back when it needs them.
type Memory struct{ Resident, Mapped int64 }

// memoryOf is the resident memory of each process.
func memoryOf(pids []int) map[int]Memory {
	memory := make(map[int]Memory, len(pids))
	for _, pid := range pids {
		statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			continue
		}
		if fields := bytes.Fields(statm); len(fields) > 2 { // size, resident, shared, …
			resident, _ := strconv.ParseInt(string(fields[1]), 10, 64)
			mapped, _ := strconv.ParseInt(string(fields[2]), 10, 64)
			memory[pid] = Memory{resident * int64(os.Getpagesize()), mapped * int64(os.Getpagesize())}
		}
	}
	return memory
}

func total(memory map[int]Memory) (sum int64) {
	for _, m := range memory {
		sum += m.Resident
	}
	return sum
}
