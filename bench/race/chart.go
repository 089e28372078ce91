package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zerowire/websocket/bench/peers"
)

// chartRows are the scenarios of the chart, from its top.
var chartRows = []string{"s", "a", "c1", "b", "c16", "d", "e", "g", "h"}

const (
	chartWidth  = 8 * vg.Inch
	barHeight   = 13 // points, with the gap to the next one
	othersInRow = 2  // libraries beside ours
	chartEnd    = 2  // bars of a larger ratio end here
)

// drawChart writes the picture of the main scenarios: ours beside the best of the other
// libraries. Bars that would be much longer than ours are cut short, with an arrow.
func (r *report) drawChart(name string) error {
	p := newPlot("Server CPU per message, × plain Go TCP echo (less is better)", 12)
	p.X.Min, p.X.Max = 0, chartEnd*1.25 // room for the last name
	p.X.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 0.5, Label: "0.5"}, {Value: 1, Label: "1"}, {Value: 1.5, Label: "1.5"}, {Value: 2, Label: "2"}}
	p.Y.Width, p.Y.Tick.Width, p.Y.Tick.Length = 0, 0, 0
	y := 0.0
	var titles plot.ConstantTicks
	var ends plotter.XYs
	var texts []string
	for _, id := range chartRows {
		row := r.chartRow(id)
		if len(row) == 0 {
			continue
		}
		titles = append(titles, plot.Tick{Value: y - float64(len(row)-1)/2, Label: row[0].Title})
		for _, c := range row {
			length, arrow := c.Ratio.Median, ""
			if length > chartEnd {
				length, arrow = chartEnd, "→ "
			}
			if err := addBar(p, c, y, length, barHeight-3); err != nil {
				return fmt.Errorf("race: chart: %w", err)
			}
			ends = append(ends, plotter.XY{X: length, Y: y})
			texts = append(texts, fmt.Sprintf("%s%s %s", arrow, c.number(), c.Peer))
			y--
		}
		y-- // a gap
	}
	if len(titles) == 0 {
		return errors.New("race: there is nothing for the chart: it needs one of the main scenarios, ours and the plain TCP echo")
	}
	p.Y.Min, p.Y.Max = y+1, 1
	p.Y.Tick.Marker = titles
	err := errors.Join(
		addText(p, ends, texts, 9),
		addGuide(p, plotter.XY{X: 1, Y: p.Y.Min}, plotter.XY{X: 1, Y: p.Y.Max}),
	)
	if err != nil {
		return fmt.Errorf("race: chart: %w", err)
	}
	height := vg.Points(barHeight*(p.Y.Max-p.Y.Min)) + 1*vg.Inch
	return save(name, chartWidth, height, func(c draw.Canvas) {
		p.Draw(draw.Crop(c, margin, -margin, margin, -margin))
	})
}

// chartRow returns the cells of a scenario in the chart: ours, which is the hub as well if
// the server broadcasts, and the best of the others.
func (r *report) chartRow(id string) (row []cell) {
	var others []cell
	for _, c := range r.Cells {
		switch {
		case c.Scenario != id || c.Err != "" || c.Ratio.Median == 0 || c.Peer == peers.Baseline:
		case c.Peer == "ours" || c.Peer == "ours-hub":
			row = append(row, c)
		case !c.ours() && !c.Unchecked:
			others = append(others, c)
		}
	}
	if len(row) == 0 {
		return nil
	}
	slices.SortStableFunc(others, func(a, b cell) int { return cmp.Compare(a.Ratio.Median, b.Ratio.Median) })
	return append(row, others[:min(len(others), othersInRow)]...)
}
