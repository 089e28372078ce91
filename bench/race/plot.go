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
)

// The size of one scenario's plot, and how many are side by side.
const (
	plotWidth  = 4.2 * vg.Inch
	plotHeight = 3 * vg.Inch
	plotsInRow = 3
	margin     = 4 * vg.Millimeter
)

// draw writes a picture with a plot for each scenario, in which each peer has a bar. A
// scenario without any ratio is left out.
func (r *report) draw(name string) error {
	var plots []*plot.Plot
	for cells := range byScenario(r.Cells) {
		cells = slices.DeleteFunc(slices.Clone(cells), func(c cell) bool { return c.Ratio.Median == 0 })
		if len(cells) == 0 {
			continue
		}
		p, err := plotScenario(cells)
		if err != nil {
			return fmt.Errorf("race: plot: %w", err)
		}
		plots = append(plots, p)
	}
	if len(plots) == 0 {
		return errors.New("race: there is nothing to plot")
	}
	columns := min(len(plots), plotsInRow)
	rows := (len(plots) + columns - 1) / columns
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: margin, PadY: margin, PadTop: margin, PadBottom: margin, PadLeft: margin, PadRight: margin}
	return save(name, plotWidth*vg.Length(columns), plotHeight*vg.Length(rows), func(c draw.Canvas) {
		for i, p := range plots {
			p.Draw(tiles.At(c, i%columns, i/columns))
		}
	})
}

// plotScenario returns the plot of one scenario, best peer on top.
func plotScenario(cells []cell) (*plot.Plot, error) {
	slices.SortFunc(cells, func(a, b cell) int {
		if a.More {
			a, b = b, a
		}
		return cmp.Compare(b.Ratio.Median, a.Ratio.Median)
	})
	p := newPlot(fmt.Sprintf("%s: %s", cells[0].Scenario, cells[0].Title), 10)
	p.X.Min, p.X.Label.Text = 0, "× plain Go TCP echo (less is better)"
	if cells[0].More {
		p.X.Label.Text = "× plain Go TCP with none stuck (more is better)"
	}
	var names, numbers []string
	var ends plotter.XYs
	for i, c := range cells {
		if err := addBar(p, c, float64(i), c.Ratio.Median, 10); err != nil {
			return nil, err
		}
		ends = append(ends, plotter.XY{X: c.Ratio.Median, Y: float64(i)})
		numbers = append(numbers, c.number())
		names = append(names, c.Peer)
	}
	if err := addText(p, ends, numbers, 8); err != nil {
		return nil, err
	}
	p.X.Max *= 1.15 // room for the last number
	p.NominalY(names...)
	return p, nil
}

// addBar adds the horizontal bar of c at y.
func addBar(p *plot.Plot, c cell, y, length float64, width vg.Length) error {
	bar, err := plotter.NewBarChart(plotter.Values{length}, width)
	if err != nil {
		return err
	}
	bar.Horizontal, bar.XMin, bar.LineStyle.Width, bar.Color = true, y, 0, colourOf(c.Peer)
	p.Add(bar)
	return nil
}

// number is the ratio with the mark of the libraries that do not check UTF-8.
func (c cell) number() string {
	if c.Unchecked {
		return fmt.Sprintf("%.2f†", c.Ratio.Median)
	}
	return fmt.Sprintf("%.2f", c.Ratio.Median)
}
