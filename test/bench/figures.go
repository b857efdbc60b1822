package main

import (
	"cmp"
	"fmt"
	"slices"
)

// The goals of the project, as ratios to cdc_ether.
const (
	goalTCP = 1.0  // throughput, at least
	goalRTT = 1.25 // round-trip time, at most
	goalCPU = 1.2  // processor time for as many bytes, at most
)

// A row is a figure that samples are to be made into: those of one kind, and what
// of their results counts.
type row struct {
	Figure
	of    func(sample) bool
	value func(result) float64
}

// ours is how io-pkt's samples are called.
const ours = "io-pkt"

// figures makes a part's samples into figures.
func (b *bench) figures(part string, samples []sample) []Figure {
	type side struct{ ours, base []float64 }
	rows := rowsOf(part, samples)
	sides := make([]side, len(rows))
	base := ""
	for _, s := range samples {
		r, err := s.result()
		if err != nil {
			b.fail("%s: %v", s.what(), err)
			continue
		}
		for i, row := range rows {
			switch {
			case !row.of(s):
			case s.Driver == ours:
				sides[i].ours = append(sides[i].ours, row.value(r))
			default:
				base = s.Driver
				sides[i].base = append(sides[i].base, row.value(r))
			}
		}
	}
	var figures []Figure
	for i, row := range rows {
		if len(sides[i].ours) == 0 || len(sides[i].base) == 0 {
			b.fail("%s: nothing to compare: %s, %s", part, row.Group, row.Name)
			continue
		}
		row.Part = part
		figures = append(figures, row.compared(newSeries(ours, sides[i].ours), newSeries(base, sides[i].base)))
	}
	return figures
}

// rowsOf gives a part's rows, for the speeds and numbers of gadgets of its samples.
func rowsOf(part string, samples []sample) []row {
	speeds := distinct(samples, func(s sample) string { return s.Speed })
	var rows []row
	switch part {
	case "compare":
		for _, speed := range speeds {
			rows = append(rows, compareRows(speed, []int{1, 8}, []string{"idle", "loaded"})...)
			rows = append(rows, queueRows(speed)...)
			rows = append(rows, smallRows(speed)...)
		}
	case "count":
		for _, speed := range speeds {
			rows = append(rows, compareRows(speed, []int{1}, []string{"idle", "loaded"})...)
			rows = append(rows, queueRows(speed)...)
		}
	case "scale", "growth":
		for _, n := range distinct(samples, func(s sample) int { return s.Gadgets }) {
			rows = append(rows, scaleRows(n)...)
		}
	case "slow":
		for _, speed := range speeds {
			rows = append(rows, slowRows(speed)...)
		}
	case "floor":
		rows = floorRows()
	}
	return rows
}

// distinct gives each value of a field once, in the order of the samples.
func distinct[T cmp.Ordered](samples []sample, field func(sample) T) []T {
	var values []T
	for _, s := range samples {
		if v := field(s); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// How results are shown.
func megabits(r result) float64  { return r.rate / 1e6 }
func cost(r result) float64      { return r.cost }
func within(r result) float64    { return r.within }
func rtt(r result) float64       { return r.rtt }
func thousands(r result) float64 { return r.packets / 1e3 }
func percent(r result) float64   { return r.loss * 100 }

// directions are shown in this order.
var directions = []string{"out", "in", "both"}

// compareRows are TCP with each number of connections, and round trips with each load.
func compareRows(speed string, flows []int, loads []string) []row {
	group := speedName(speed)
	var rates, costs, times []row
	for _, n := range flows {
		for _, direction := range directions {
			name := fmt.Sprintf("%s, %s", direction, plural(n, "flow"))
			of := func(s sample) bool {
				return s.Speed == speed && s.Test == "tcp" && s.Direction == direction && s.Flows == n
			}
			rates = append(rates, row{Figure{Group: group, Name: "TCP " + name, Unit: "Mb/s", Goal: goalTCP}, of, megabits})
			costs = append(costs, row{Figure{Group: group, Name: "processor, TCP " + name, Unit: "s/GB", Less: true, Goal: goalCPU}, of, cost})
		}
	}
	for _, load := range loads {
		of := func(s sample) bool { return s.Speed == speed && s.Test == "rtt" && s.Direction == load }
		times = append(times, row{Figure{Group: group, Name: "round trip, " + load, Unit: "ms", Less: true, Goal: goalRTT}, of, rtt})
	}
	return slices.Concat(rates, times, costs)
}

// queueRows are what the sender's queue does to TCP out: over a long path, where one that
// is too short costs throughput, and over a short one, where one that is too long costs time.
func queueRows(speed string) []row {
	group := speedName(speed)
	var rates, times []row
	for _, flows := range []int{1, 8} {
		of := func(test string) func(sample) bool {
			return func(s sample) bool {
				return s.Speed == speed && s.Test == test && s.Direction == "out" && s.Flows == flows
			}
		}
		name := plural(flows, "flow")
		rates = append(rates, row{Figure{Group: group, Name: "TCP out over 40 ms, " + name, Unit: "Mb/s", Goal: goalTCP}, of("far"), megabits})
		times = append(times, row{Figure{Group: group, Name: "round trip within TCP out, " + name, Unit: "ms", Less: true}, of("tcp"), within})
	}
	return append(rates, times...)
}

func smallRows(speed string) []row {
	group := speedName(speed)
	var small, carried, lost []row
	for _, direction := range []string{"out", "in"} {
		of := func(s sample) bool { return s.Speed == speed && s.Test == "udp" && s.Direction == direction }
		small = append(small, row{Figure{Group: group, Name: "64 bytes of UDP " + direction, Unit: "1000/s"}, of, thousands})
		carried = append(carried, row{Figure{Group: group, Name: "carried of them, " + direction, Unit: "1000/s"}, of, func(r result) float64 { return r.carried / 1e3 }})
		lost = append(lost, row{Figure{Group: group, Name: "lost of them, " + direction, Unit: "%", Less: true}, of, percent})
	}
	return slices.Concat(small, carried, lost)
}

func scaleRows(gadgets int) []row {
	group := plural(gadgets, "gadget")
	var rows []row
	for _, direction := range []string{"out", "in"} {
		of := func(s sample) bool { return s.Gadgets == gadgets && s.Direction == direction }
		rows = append(rows,
			row{Figure{Group: group, Name: "TCP " + direction + ", in sum", Unit: "Mb/s"}, of, megabits},
			row{Figure{Group: group, Name: "TCP " + direction + ", the slowest", Unit: "Mb/s"}, of, func(r result) float64 { return r.slowest / 1e6 }},
			row{Figure{Group: group, Name: "processor, TCP " + direction, Unit: "s/GB", Less: true}, of, cost})
	}
	return rows
}

func slowRows(speed string) []row {
	group := speedName(speed)
	var rates, times []row
	for _, flows := range []int{1, 8} {
		of := func(test string) func(sample) bool {
			return func(s sample) bool { return s.Speed == speed && s.Test == test && s.Flows == flows }
		}
		beside := plural(flows, "flow")
		rates = append(rates, row{Figure{Group: group, Name: "TCP out, " + beside, Unit: "Mb/s"}, of("tcp"), megabits})
		times = append(times, row{Figure{Group: group, Name: "round trip beside " + beside, Unit: "ms", Less: true, Goal: goalRTT}, of("rtt"), rtt})
	}
	return append(rates, times...)
}

func floorRows() []row {
	var rows []row
	for _, direction := range directions {
		of := func(s sample) bool { return s.Test == "tcp" && s.Direction == direction }
		rows = append(rows,
			row{Figure{Name: "TCP " + direction, Unit: "Mb/s"}, of, megabits},
			row{Figure{Name: "processor, TCP " + direction, Unit: "s/GB", Less: true}, of, cost})
	}
	of := func(s sample) bool { return s.Test == "rtt" }
	return append(rows, row{Figure{Name: "round trip", Unit: "ms", Less: true}, of, rtt})
}

// plural counts.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
