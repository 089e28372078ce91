package main

import "github.com/zerowire/websocket/bench/peers"

// sample is one measurement.
type sample struct {
	Round    int     `json:"round"`
	Scenario string  `json:"scenario"`
	Peer     string  `json:"peer"`
	Value    float64 `json:"value"`            // µs of CPU per message, KiB per connection, or messages per second
	Ratio    float64 `json:"ratio,omitempty"`  // to the baseline of the same round
	Packed   float64 `json:"packed,omitempty"` // what compressed messages came to, as a part of their size
	Memory   float64 `json:"memory,omitempty"` // KiB per connection, beside the CPU time
	Err      string  `json:"error,omitempty"`
}

// relate sets the ratios of one round's turn at a scenario: to the mean of the
// baseline's runs in it, if there is any.
func relate(turn []sample) {
	var sum float64
	var runs int
	for _, x := range turn {
		if x.Peer == peers.Baseline && x.Err == "" {
			sum, runs = sum+x.Value, runs+1
		}
	}
	if sum <= 0 {
		return
	}
	for i := range turn {
		if turn[i].Err == "" {
			turn[i].Ratio = turn[i].Value * float64(runs) / sum
		}
	}
}
