package main

import (
	"cmp"
	"errors"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zerowire/websocket/bench/peers"
)

// The size of one scenario's chart, and how many stand side by side.
const (
	chartWidth  = 4.2 * vg.Inch
	chartHeight = 3 * vg.Inch
	chartsInRow = 3
	margin      = 4 * vg.Millimeter
)

var (
	colourOurs  = color.RGBA{R: 0x00, G: 0x7D, B: 0x9C, A: 0xFF}
	colourTheir = color.RGBA{R: 0xA8, G: 0xB4, B: 0xBC, A: 0xFF}
	colourBase  = color.RGBA{R: 0x40, G: 0x48, B: 0x50, A: 0xFF}
)

// draw writes a picture: for each scenario a bar for each peer. The extension of
// name says which kind. A scenario without any ratio has no place in it.
func (r *report) draw(name string) error {
	plot.DefaultFont.Variant, plotter.DefaultFont.Variant = "Sans", "Sans"
	var charts []*plot.Plot
	for cells := range byScenario(r.Cells) {
		cells = slices.DeleteFunc(slices.Clone(cells), func(c cell) bool { return c.Ratio.Median == 0 })
		if len(cells) == 0 {
			continue
		}
		p, err := chart(cells)
		if err != nil {
			return fmt.Errorf("race: plot: %w", err)
		}
		charts = append(charts, p)
	}
	if len(charts) == 0 {
		return errors.New("race: there is nothing to plot")
	}
	columns := min(len(charts), chartsInRow)
	rows := (len(charts) + columns - 1) / columns
	format := strings.TrimPrefix(filepath.Ext(name), ".")
	canvas, err := draw.NewFormattedCanvas(chartWidth*vg.Length(columns), chartHeight*vg.Length(rows), format)
	if err != nil {
		return fmt.Errorf("race: plot %s: %w", name, err)
	}
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: margin, PadY: margin, PadTop: margin, PadBottom: margin, PadLeft: margin, PadRight: margin}
	all := draw.New(canvas)
	for i, p := range charts {
		p.Draw(tiles.At(all, i%columns, i/columns))
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// chart is the picture of one scenario, best peer on top.
func chart(cells []cell) (*plot.Plot, error) {
	slices.SortFunc(cells, func(a, b cell) int {
		if a.More {
			a, b = b, a
		}
		return cmp.Compare(b.Ratio.Median, a.Ratio.Median)
	})
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s: %s", cells[0].Scenario, cells[0].Title)
	p.Title.TextStyle.Font.Size = 10
	p.X.Min, p.X.Label.Text = 0, "× plain Go TCP echo (less is better)"
	if cells[0].More {
		p.X.Label.Text = "× plain Go TCP with none stuck (more is better)"
	}
	p.X.Label.TextStyle.Font.Size = 8
	var names []string
	labels := plotter.XYLabels{}
	for i, c := range cells {
		bar, err := plotter.NewBarChart(plotter.Values{c.Ratio.Median}, 10)
		if err != nil {
			return nil, err
		}
		bar.Horizontal, bar.XMin, bar.LineStyle.Width, bar.Color = true, float64(i), 0, colourOf(c.Peer)
		p.Add(bar)
		labels.XYs = append(labels.XYs, plotter.XY{X: c.Ratio.Median, Y: float64(i)})
		labels.Labels = append(labels.Labels, " "+c.number())
		names = append(names, c.Peer)
	}
	numbers, err := plotter.NewLabels(labels)
	if err != nil {
		return nil, err
	}
	for i := range numbers.TextStyle {
		numbers.TextStyle[i].Font.Size = 8
		numbers.TextStyle[i].YAlign = draw.YCenter
	}
	p.Add(numbers)
	p.X.Max *= 1.15 // room for the last number
	p.NominalY(names...)
	return p, nil
}

// number is the ratio with the mark of those who do not check.
func (c cell) number() string {
	if c.Unchecked {
		return fmt.Sprintf("%.2f†", c.Ratio.Median)
	}
	return fmt.Sprintf("%.2f", c.Ratio.Median)
}

func colourOf(peer string) color.Color {
	switch {
	case strings.HasPrefix(peer, "ours"):
		return colourOurs
	case peer == peers.Baseline:
		return colourBase
	}
	return colourTheir
}
