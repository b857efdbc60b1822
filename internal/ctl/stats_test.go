package ctl

import (
	"reflect"
	"testing"
)

// TestStats: every counter is added and subtracted, and none goes below nothing.
func TestStats(t *testing.T) {
	fill := func(f func(i int) uint64) (s Stats) {
		v := reflect.ValueOf(&s).Elem()
		for i := range v.NumField() {
			v.Field(i).SetUint(f(i))
		}
		return s
	}
	a := fill(func(i int) uint64 { return uint64(10 + i) })
	b := fill(func(i int) uint64 { return uint64(2 * i) })
	if got, want := a.Add(b), fill(func(i int) uint64 { return uint64(10 + 3*i) }); got != want {
		t.Errorf("Add = %+v; want %+v", got, want)
	}
	if got, want := a.Sub(b), fill(func(i int) uint64 { return uint64(max(10-i, 0)) }); got != want {
		t.Errorf("Sub = %+v; want %+v", got, want)
	}
}
