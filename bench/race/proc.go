package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// cpuTime returns what the threads of process pid have used, user and system
// together. The scheduler counts in nanoseconds. Where schedstat is missing, the
// result is in ticks.
func cpuTime(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, name := range files {
		b, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			return 0, err
		}
		d, err := parseSchedstat(b)
		if err != nil {
			return 0, err
		}
		sum += d
	}
	if sum > 0 {
		return sum, nil
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(b)
}

// parseSchedstat returns the time on the CPU in a schedstat file: its first
// field, in nanoseconds.
func parseSchedstat(b []byte) (time.Duration, error) {
	fields := bytes.Fields(b)
	if len(fields) != 3 {
		return 0, fmt.Errorf("race: schedstat %q has %d fields, want 3", b, len(fields))
	}
	ns, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("race: schedstat %q: %w", b, err)
	}
	return time.Duration(ns), nil
}

// tick is the unit of /proc/PID/stat: USER_HZ is 100 on every Linux that Go
// supports.
const tick = time.Second / 100

// parseStat returns the sum of utime and stime, fields 14 and 15 of a stat file.
// The name of the program, field 2, is in parentheses and may hold anything.
func parseStat(b []byte) (time.Duration, error) {
	_, rest, ok := cutLast(b, ')')
	fields := bytes.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("race: stat %q has too few fields", b)
	}
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("race: stat %q: %w", b, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

func cutLast(b []byte, sep byte) (before, after []byte, found bool) {
	i := bytes.LastIndexByte(b, sep)
	if i < 0 {
		return b, nil, false
	}
	return b[:i], b[i+1:], true
}

// residentSize returns the memory of process pid that is in RAM, in bytes.
func residentSize(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return parseStatus(b)
}

// parseStatus returns VmRSS of a status file, in bytes.
func parseStatus(b []byte) (int64, error) {
	for line := range bytes.Lines(b) {
		value, ok := bytes.CutPrefix(line, []byte("VmRSS:"))
		if !ok {
			continue
		}
		value, ok = bytes.CutSuffix(bytes.TrimSpace(value), []byte(" kB"))
		kib, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		if !ok || err != nil {
			return 0, fmt.Errorf("race: status line %q is not in kB", line)
		}
		return kib << 10, nil
	}
	return 0, errors.New("race: status has no VmRSS")
}
