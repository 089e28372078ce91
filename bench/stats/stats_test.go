package stats

import "testing"

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []float64
		want   Quartiles
	}{
		{"none", nil, Quartiles{}},
		{"one", []float64{3}, Quartiles{3, 3, 3}},
		{"two", []float64{4, 2}, Quartiles{2.5, 3, 3.5}},
		{"odd, unsorted", []float64{5, 1, 4, 2, 3}, Quartiles{2, 3, 4}},
		{"even", []float64{1, 2, 3, 10}, Quartiles{1.75, 2.5, 4.75}},
		{"an outlier", []float64{1, 1, 1, 1, 1000}, Quartiles{1, 1, 1}},
	} {
		if got := Of(tt.values); got != tt.want {
			t.Errorf("%s: Of(%v) = %v, want %v", tt.name, tt.values, got, tt.want)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		name string
		q    Quartiles
		want float64
	}{
		{"none", Quartiles{}, 0},
		{"all the same", Quartiles{2, 2, 2}, 0},
		{"more above", Quartiles{9, 10, 12}, 0.2},
		{"more below", Quartiles{5, 10, 12}, 0.5},
		{"negative", Quartiles{-12, -10, -9}, 0.2},
	} {
		if got := tt.q.Spread(); got != tt.want {
			t.Errorf("%s: Spread of %v is %v, want %v", tt.name, tt.q, got, tt.want)
		}
	}
}
