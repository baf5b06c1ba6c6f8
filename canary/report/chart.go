package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
	"time"

	"robustirc/canary/compare"
)

// The size of a chart's drawing area and the room around it, in the units of its view box.
const (
	chartWidth, chartHeight = 640.0, 200.0
	chartLeft, chartBottom  = 64.0, 28.0
	chartTop, chartRight    = 12.0, 12.0
)

// point is a point of a line, in the units of the axes.
type point struct{ x, y float64 }

// series is one line of a chart. Class is how it is drawn: s1 to s4.
type series struct {
	name, class string
	points      []point
	bars        bool
}

// chart is a drawing of some series. The axes begin at the smallest x and at y 0.
type chart struct {
	title, summary string
	xLabel, yLabel func(float64) string
	logX           bool
	// step is how wide a bar is, on the x axis.
	step   float64
	series []series
}

// bounds are the axes' ends.
func (c *chart) bounds() (x0, x1, y1 float64) {
	x0, x1 = math.Inf(1), math.Inf(-1)
	for _, s := range c.series {
		for _, p := range s.points {
			x0, x1, y1 = min(x0, p.x), max(x1, p.x), max(y1, p.y)
		}
	}
	if x1 += c.step; x1 <= x0 {
		x1 = x0 + 1
	}
	if y1 == 0 {
		y1 = 1
	}
	return x0, x1, y1
}

// scale maps a value between two ends to 0 to 1.
func scale(v, low, high float64, logarithmic bool) float64 {
	if logarithmic {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return (v - low) / (high - low)
}

// svg draws the chart.
func (c *chart) svg() template.HTML {
	x0, x1, y1 := c.bounds()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartLeft+chartWidth+chartRight, chartTop+chartHeight+chartBottom, html.EscapeString(c.title+": "+c.summary))
	c.grid(&b, x0, x1, y1)
	for _, s := range c.series {
		c.draw(&b, s, x0, x1, y1)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) // all text in it was escaped
}

// ticks is how many parts an axis has.
const ticks = 4

func (c *chart) grid(b *strings.Builder, x0, x1, y1 float64) {
	for i := range ticks + 1 {
		share := float64(i) / ticks
		y := chartTop + chartHeight*(1-share)
		fmt.Fprintf(b, `<line class="grid" x1="%g" y1="%.1f" x2="%g" y2="%.1f"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, y, chartLeft+chartWidth, y, chartLeft-6, y+4, html.EscapeString(c.yLabel(y1*share)))
		value := x0 + (x1-x0)*share
		if c.logX {
			value = x0 * math.Pow(x1/x0, share)
		}
		anchor := "middle"
		if i == ticks {
			anchor = "end"
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`,
			chartLeft+chartWidth*share, chartTop+chartHeight+18, anchor, html.EscapeString(c.xLabel(value)))
	}
}

func (c *chart) draw(b *strings.Builder, s series, x0, x1, y1 float64) {
	place := func(p point) (x, y float64) {
		return chartLeft + chartWidth*scale(p.x, x0, x1, c.logX), chartTop + chartHeight*(1-p.y/y1)
	}
	if s.bars {
		width := max(1, chartWidth*c.step/(x1-x0)-1)
		for _, p := range s.points {
			if x, y := place(p); p.y > 0 {
				fmt.Fprintf(b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, s.class, x, y, width, chartTop+chartHeight-y)
			}
		}
		return
	}
	var path []string
	for _, p := range s.points {
		x, y := place(p)
		path = append(path, fmt.Sprintf("%.1f,%.1f", x, y))
	}
	fmt.Fprintf(b, `<polyline class="%s" points="%s"/>`, s.class, strings.Join(path, " "))
}

// Chart is a drawing with its legend, for the page.
type Chart struct {
	Title, Summary string
	SVG            template.HTML
	Legend         []legendEntry
}

type legendEntry struct{ Name, Class string }

func (c *chart) page() *Chart {
	p := &Chart{Title: c.title, Summary: c.summary, SVG: c.svg()}
	for _, s := range c.series {
		p.Legend = append(p.Legend, legendEntry{s.name, s.class})
	}
	return p
}

func seconds(v float64) string { return duration(time.Duration(v * float64(time.Second))) }

func count(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.3gk", v/1e3)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// charts are those that the result has numbers for.
func charts(r *compare.Result) (list []*Chart) {
	for _, c := range []*chart{rateChart(r), lagChart(r), lagOverTime(r)} {
		if c != nil {
			list = append(list, c.page())
		}
	}
	return list
}

// rateChart is what was compared over time, and what of it differed.
func rateChart(r *compare.Result) *chart {
	if len(r.Rates) < 2 {
		return nil
	}
	compared := series{name: "deliveries compared per second", class: "s1", bars: true}
	differ := series{name: "of them unexplained", class: "s4", bars: true}
	var most, unexplained float64
	for i := range r.Rates {
		b := &r.Rates[i]
		width := max(b.Width.Seconds(), 1e-9)
		rate, bad := float64(b.Counters.Compared())/width, float64(b.Counters.Unexplained)/width
		compared.points = append(compared.points, point{b.At.Seconds(), rate})
		differ.points = append(differ.points, point{b.At.Seconds(), bad})
		most, unexplained = max(most, rate), max(unexplained, bad)
	}
	return &chart{
		title: "Compared over time", summary: fmt.Sprintf("at most %s deliveries a second; unexplained at most %s a second", count(most), count(unexplained)),
		xLabel: seconds, yLabel: count, step: r.Rates[0].Width.Seconds(), series: []series{compared, differ},
	}
}

// lagChart is the distribution of lags.
func lagChart(r *compare.Result) *chart {
	c := &chart{title: "How long lines took", xLabel: seconds, yLabel: func(v float64) string { return fmt.Sprintf("%.0f %%", v) }, logX: true}
	var words []string
	for i, d := range []struct {
		name string
		*compare.Distribution
	}{{"from the live line to what the new network shows", &r.Latency.Shadow}, {"of it the gateway", &r.Latency.Gateway}, {"of it the commit", &r.Latency.Commit}, {"probes: new later than live", &r.Latency.Difference}} {
		s := series{name: d.name, class: fmt.Sprintf("s%d", i+1)}
		for _, bucket := range d.Buckets {
			if bucket.Up > 0 && d.Count > 0 {
				s.points = append(s.points, point{bucket.Up.Seconds(), 100 * float64(bucket.Count) / float64(d.Count)})
			}
		}
		if len(s.points) > 1 {
			c.series = append(c.series, s)
			words = append(words, fmt.Sprintf("%s: median %s, p99 %s, longest %s", d.name, duration(d.P50), duration(d.P99), duration(d.Max)))
		}
	}
	if len(c.series) == 0 {
		return nil
	}
	c.summary = strings.Join(words, "; ")
	return c
}

// lagOverTime is the lag in each stretch of the run.
func lagOverTime(r *compare.Result) *chart {
	if len(r.Latency.OverTime) < 2 {
		return nil
	}
	median, p99 := series{name: "median", class: "s1"}, series{name: "p99", class: "s3"}
	var worst time.Duration
	for _, b := range r.Latency.OverTime {
		median.points = append(median.points, point{b.At.Seconds(), b.P50.Seconds()})
		p99.points = append(p99.points, point{b.At.Seconds(), b.P99.Seconds()})
		worst = max(worst, b.P99)
	}
	return &chart{
		title: "Lag over time", summary: "the worst stretch had a p99 of " + duration(worst),
		xLabel: seconds, yLabel: seconds, series: []series{median, p99},
	}
}
