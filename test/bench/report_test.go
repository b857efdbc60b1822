package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wholeReport has each figure that there can be, with values of all sizes.
func wholeReport() Report {
	r := Report{Taken: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seconds: 900, Commit: "v1-2-gabc<&>"}
	r.Machine = Machine{Processor: `Some "Processor" <9000>`, Processors: 2, Kernel: "6.12", Guest: "6.12.1+deb", Go: "go1.26"}
	add := func(part, base string, rows []row) {
		for i, row := range rows {
			values := func(scale float64) []float64 {
				v := float64(i*i+1) * scale
				return []float64{v, v * 1.3, v * 0.8}
			}
			row.Part = part
			r.Figures = append(r.Figures, row.compared(newSeries(ours, values(1.1)), newSeries(base, values(1+float64(i%4)/5))))
		}
	}
	for _, speed := range []string{"high", "super"} {
		add("compare", "cdc_ether", append(compareRows(speed, []int{1, 8}, []string{"idle", "loaded"}), smallRows(speed)...))
	}
	add("count", "cdc_ether", compareRows("high", []int{1}, []string{"idle", "loaded"}))
	for _, n := range []int{1, 2, 4, 8} {
		add("scale", "cdc_ether", scaleRows(n))
	}
	for _, n := range []int{1, 8} {
		add("growth", "cdc_ether", scaleRows(n))
	}
	add("slow", "cdc_ether", slowRows("5ms"))
	add("floor", "copy loop", floorRows())
	add("start", "ifconfig of net-tools", []row{{Figure: Figure{Name: "if_up", Unit: "ms", Less: true}}, {Figure: Figure{Name: "sloginfo", Unit: "ms", Less: true}}})
	for _, name := range []string{"1 interface: memory (RSS)", "8 interfaces: memory (RSS)", "8 interfaces: memory for each"} {
		r.Figures = append(r.Figures, Figure{Part: "idle", Name: name, Unit: "MB", Ours: newSeries(ours, []float64{11.25})})
	}
	return r
}

// A picture is well-formed and has all that it is to show; that of a report with
// some parts only is one, too.
func TestChart(t *testing.T) {
	whole := wholeReport()
	reports := map[string]Report{"whole": whole, "empty": {}}
	for _, part := range parts {
		reports[part] = Report{Figures: whole.part(part)}
	}
	odd := whole.Figures[0].compared(newSeries(ours, []float64{1e12, 0}), newSeries("cdc_ether", []float64{0, 1e-12}))
	reports["odd"] = Report{Figures: []Figure{odd}}
	for name, r := range reports {
		t.Run(name, func(t *testing.T) {
			var picture bytes.Buffer
			if err := writeChart(&picture, r); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "bench.svg"), picture.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			text := readXML(t, picture.Bytes())
			if strings.Contains(picture.String(), "NaN") || strings.Contains(picture.String(), "Inf") {
				t.Error("there is a place that is none")
			}
			if name != "whole" {
				return
			}
			for _, want := range []string{r.Commit, r.Machine.Processor, "High speed", "Super speed", "TCP both, 8 flows",
				"Gadgets at once", "TCP in, in sum (Mb/s)", "copy loop", "sloginfo", "net-tools' ifconfig", "each of 8"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in the picture", want)
				}
			}
		})
	}
}

func TestRoundUp(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, 0.07: 0.08, 1: 1, 1.01: 2, 547: 600, 815: 1000, 4000: 4000} {
		if got := roundUp(v); math.Abs(got-want) > want*1e-9 {
			t.Errorf("roundUp(%g) = %g, want %g", v, got, want)
		}
	}
}

// readXML gives the text of a document, all of which it reads.
func readXML(t *testing.T, data []byte) string {
	t.Helper()
	var text strings.Builder
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return text.String()
		case err != nil:
			t.Fatalf("the picture is not XML: %v", err)
		}
		if chars, ok := token.(xml.CharData); ok {
			text.Write(chars)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	page := filepath.Join(dir, "bench.md")
	if err := os.WriteFile(page, []byte("# By hand\n"+string(beginMark)+"old\n"+string(endMark)+"The end.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := wholeReport()
	for range 2 { // the second time replaces what the first has written
		if err := r.write(dir); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var tables bytes.Buffer
	if err := writeTables(&tables, r); err != nil {
		t.Fatal(err)
	}
	want := "# By hand\n" + string(beginMark) + "\n" + tables.String() + "\n" + string(endMark) + "The end.\n"
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("bench.md (-want +got):\n%s", diff)
	}
	got, err := readReport(filepath.Join(dir, "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Errorf("bench.json (-want +got):\n%s", diff)
	}
}

func TestTables(t *testing.T) {
	f := Figure{Part: "compare", Group: "high speed", Name: "round trip, idle", Unit: "ms", Less: true, Goal: 1.25}
	loss := Figure{Part: "compare", Group: "high speed", Name: "lost", Unit: "%"}
	memory := Figure{Part: "idle", Name: "memory", Unit: "MB", Ours: newSeries(ours, []float64{12.34})}
	r := wholeReport()
	if got, want := r.caption(), "A whole run of 2026-01-02 03:04 at "; !strings.HasPrefix(got, want) {
		t.Errorf("caption %q, want %q...", got, want)
	}
	r.Figures = []Figure{
		f.compared(newSeries(ours, []float64{0.75, 0.5, 1}), newSeries("cdc_ether", []float64{0.5, 0.5, 0.5})),
		f.compared(newSeries(ours, []float64{0.6253}), newSeries("cdc_ether", []float64{0.5})),
		loss.compared(newSeries(ours, []float64{1}), newSeries("cdc_ether", []float64{0})),
		memory,
	}
	r.Failures = []string{"scale: it rained"}
	var got strings.Builder
	if err := writeTables(&got, r); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/tables.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
