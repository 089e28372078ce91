package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/dustin/go-humanize"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zerowire/websocket/bench/peers"
)

// growing are the scenarios that differ in the number of busy connections alone.
var growing = []string{"a", "a1", "a2", "a3"}

const (
	growthWidth  = 8 * vg.Inch
	growthHeight = 4.5 * vg.Inch
	nameGap      = 0.04 // of the height, at least, between the names of two lines
)

// curve is what a peer costs, by the number of connections.
type curve struct {
	peer   string
	points plotter.XYs
}

// last is the ratio at the largest number of connections.
func (c curve) last() plotter.XY { return c.points[len(c.points)-1] }

// drawGrowth writes the picture of the cost per message over the number of connections,
// with a line for each peer that was measured with two numbers or more.
func (r *report) drawGrowth(name string) error {
	curves := r.curves()
	if len(curves) == 0 {
		return fmt.Errorf("race: there is nothing for the picture of the growth: it needs two of the scenarios %v", growing)
	}
	p := newPlot("Server CPU per message of 125 B, × plain Go TCP echo (less is better)", 12)
	p.X.Label.Text, p.X.Scale = "busy connections", plot.LogScale{}
	p.Y.Label.Text = "ratio"
	var ticks plot.ConstantTicks
	var largest, most float64
	others := 0
	for _, c := range curves {
		line, dots, err := plotter.NewLinePoints(c.points)
		if err != nil {
			return fmt.Errorf("race: growth: %w", err)
		}
		line.Color, line.Width = colourOurs, vg.Points(2.5)
		if !(cell{Peer: c.peer}).ours() {
			line.Color, line.Width = coloursOfLines[others%len(coloursOfLines)], vg.Points(1.5)
			others++
		} else if c.peer != "ours" {
			line.Dashes = []vg.Length{vg.Points(6), vg.Points(3)}
		}
		dots.Color, dots.Shape, dots.Radius = line.Color, draw.CircleGlyph{}, vg.Points(3)
		p.Add(line, dots)
		for _, at := range c.points {
			largest, most = max(largest, at.X), max(most, at.Y)
			if !slices.ContainsFunc(ticks, func(t plot.Tick) bool { return t.Value == at.X }) {
				ticks = append(ticks, plot.Tick{Value: at.X, Label: humanize.Comma(int64(at.X))})
			}
		}
	}
	p.X.Tick.Marker = ticks
	p.Y.Min, p.Y.Max = 0, most*1.1
	err := errors.Join(
		addGuide(p, plotter.XY{X: p.X.Min, Y: 1}, plotter.XY{X: largest, Y: 1}),
		nameCurves(p, curves),
	)
	if err != nil {
		return fmt.Errorf("race: growth: %w", err)
	}
	p.X.Max = largest * 4 // room for the names
	return save(name, growthWidth, growthHeight, func(c draw.Canvas) {
		p.Draw(draw.Crop(c, margin, -margin, margin, -margin))
	})
}

// curves returns the curve of each peer, the highest first at its end. The plain TCP echo
// is 1 everywhere and has none.
func (r *report) curves() (curves []curve) {
	for _, p := range peers.All {
		c := curve{peer: p.Name}
		for _, x := range r.Cells {
			if x.Peer == p.Name && x.Peer != peers.Baseline && slices.Contains(growing, x.Scenario) && x.Ratio.Median > 0 {
				c.points = append(c.points, plotter.XY{X: float64(x.Conns), Y: x.Ratio.Median})
			}
		}
		if len(c.points) > 1 {
			slices.SortFunc(c.points, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
			curves = append(curves, c)
		}
	}
	slices.SortStableFunc(curves, func(a, b curve) int { return cmp.Compare(b.last().Y, a.last().Y) })
	return curves
}

// nameCurves writes the names at the ends of the curves, from the highest on. A name that
// would cover the one above moves down.
func nameCurves(p *plot.Plot, curves []curve) error {
	var at plotter.XYs
	var names []string
	gap := nameGap * (p.Y.Max - p.Y.Min)
	for _, c := range curves {
		end := c.last()
		names = append(names, fmt.Sprintf("%s %.2f", c.peer, end.Y))
		if n := len(at); n > 0 {
			end.Y = min(end.Y, at[n-1].Y-gap)
		}
		at = append(at, end)
	}
	return addText(p, at, names, 10)
}
