package main

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zerowire/websocket/bench/peers"
)

// The colours have enough contrast on white and on black: pictures have no background.
var (
	colourText  = color.RGBA{R: 0x76, G: 0x7D, B: 0x84, A: 0xFF}
	colourOurs  = color.RGBA{R: 0x14, G: 0x86, B: 0xA6, A: 0xFF}
	colourTheir = color.RGBA{R: 0x94, G: 0x9B, B: 0xA2, A: 0xFF}
	colourBase  = colourText

	// For lines, which need more than two.
	coloursOfLines = []color.RGBA{
		{R: 0xC0, G: 0x6A, B: 0x1E, A: 0xFF},
		{R: 0x8E, G: 0x68, B: 0xC4, A: 0xFF},
		{R: 0x4C, G: 0x94, B: 0x48, A: 0xFF},
		{R: 0xC8, G: 0x54, B: 0x6A, A: 0xFF},
	}
)

func colourOf(peer string) color.RGBA {
	switch {
	case strings.HasPrefix(peer, "ours"):
		return colourOurs
	case peer == peers.Baseline:
		return colourBase
	}
	return colourTheir
}

// newPlot returns an empty plot without background, all of whose text and lines have one
// colour.
func newPlot(title string, size font.Length) *plot.Plot {
	plot.DefaultFont.Variant, plotter.DefaultFont.Variant = "Sans", "Sans"
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.Title.Text = title
	p.Title.Padding = 2 * vg.Millimeter
	p.Title.TextStyle.Color, p.Title.TextStyle.Font.Size = colourText, size
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Label.TextStyle.Color, a.Tick.Color, a.Tick.Label.Color = colourText, colourText, colourText, colourText
		a.Label.TextStyle.Font.Size, a.Tick.Label.Font.Size = size*0.9, size*0.9
	}
	return p
}

// textGap is between a point and its text.
const textGap = 4

// addText adds texts beside points, all at half of their height.
func addText(p *plot.Plot, at plotter.XYs, texts []string, size font.Length) error {
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: at, Labels: texts})
	if err != nil {
		return err
	}
	labels.Offset.X = textGap
	for i := range labels.TextStyle {
		labels.TextStyle[i].Font.Size = size
		labels.TextStyle[i].YAlign = draw.YCenter
		labels.TextStyle[i].Color = colourText
	}
	p.Add(labels)
	return nil
}

// addGuide adds a dashed line.
func addGuide(p *plot.Plot, from, to plotter.XY) error {
	line, err := plotter.NewLine(plotter.XYs{from, to})
	if err != nil {
		return err
	}
	line.Color, line.Width, line.Dashes = colourBase, vg.Points(0.5), []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(line)
	return nil
}

// save writes a picture, which paint draws. The extension of name says which kind.
func save(name string, width, height vg.Length, paint func(c draw.Canvas)) error {
	format := strings.TrimPrefix(filepath.Ext(name), ".")
	canvas, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return fmt.Errorf("race: picture %s: %w", name, err)
	}
	paint(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return fmt.Errorf("race: picture %s: %w", name, err)
	}
	picture := b.Bytes()
	if format == "svg" {
		picture = fitText(picture)
	}
	return os.WriteFile(name, picture, 0o644)
}

// textElement matches a text of an SVG picture: the attributes, with the size of the font
// in them, and the text.
var textElement = regexp.MustCompile(`(<text [^>]*font-size:([0-9.]+)px[^>]*)>([^<]*)</text>`)

// fitText makes the texts of an SVG picture as wide as in the font that it was made with,
// where another one replaces it.
func fitText(picture []byte) []byte {
	picture = bytes.ReplaceAll(picture, []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	return textElement.ReplaceAllFunc(picture, func(element []byte) []byte {
		parts := textElement.FindSubmatch(element)
		points, err := strconv.ParseFloat(string(parts[2]), 64)
		if err != nil {
			return element
		}
		face := font.DefaultCache.Lookup(plot.DefaultFont, vg.Points(points))
		width := face.Width(html.UnescapeString(string(parts[3]))).Points()
		return fmt.Appendf(nil, `%s textLength="%.1f" lengthAdjust="spacingAndGlyphs">%s</text>`, parts[1], width, parts[3])
	})
}
