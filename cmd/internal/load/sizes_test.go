package load

import "testing"

func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		text string
		want sizes
		bad  bool
	}{
		{text: "0", want: sizes{0, 0}},
		{text: "125", want: sizes{125, 125}},
		{text: "16-4096", want: sizes{16, 4096}},
		{text: "67108864", want: sizes{maxSize, maxSize}},
		{text: "67108865", bad: true},
		{text: "99999999999999999999", bad: true},
		{text: "9-8", bad: true},
		{text: "", bad: true},
		{text: "-5", bad: true},
		{text: "5-", bad: true},
		{text: "1k", bad: true},
	} {
		var got sizes
		err := got.UnmarshalText([]byte(tt.text))
		if (err != nil) != tt.bad || err == nil && got != tt.want {
			t.Errorf("UnmarshalText(%q) gives %v, %v, want %v, an error: %v", tt.text, got, err, tt.want, tt.bad)
		}
		if err == nil && got.String() != tt.text {
			t.Errorf("String() = %q, want %q", got, tt.text)
		}
	}
}
