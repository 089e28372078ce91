// Package stats sums up repeated measurements.
package stats

import (
	"math"
	"slices"
)

// Quartiles are what is reported about many measurements.
type Quartiles struct {
	Q1     float64 `json:"q1"`
	Median float64 `json:"median"`
	Q3     float64 `json:"q3"`
}

// Spread returns how far the quartiles are from the median, as a part of it.
func (q Quartiles) Spread() float64 {
	if q.Median == 0 {
		return 0
	}
	return max(q.Q3-q.Median, q.Median-q.Q1) / math.Abs(q.Median)
}

// Of returns the quartiles of values, interpolated between neighbours;
// zeros if there are none.
func Of(values []float64) Quartiles {
	sorted := slices.Sorted(slices.Values(values))
	return Quartiles{quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)}
}

// quantile returns the value below which a share of sorted lies.
func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := share * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
