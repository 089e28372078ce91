package codec

import (
	"fmt"
	"strings"
	"testing"
)

// What the kernels for UTF-8 are worth, by script and size.
//
//	go test -run '^$' -bench 'BenchmarkUTF8' -count 10 ./codec | benchstat -col /impl -
func BenchmarkUTF8(b *testing.B) {
	for _, script := range []struct{ name, pattern string }{
		{"ASCII", "The quick brown fox jumps over the lazy dog. "},
		{"European", "Größe, façade, mañana, Łódź, žluťoučký kůň. "},
		{"CJK", "気持ちのいい朝です。你好，世界。안녕하세요. "},
		{"emoji", "👍🏽 🎉🎉 😀 "},
	} {
		for _, size := range []int{35, 64, 125, 1 << 10, 8 << 10, 64 << 10} {
			text := []byte(strings.Repeat(script.pattern, size/len(script.pattern)+1)[:size])
			forEachSet(func(name string) {
				b.Run(fmt.Sprintf("text=%s/size=%d/impl=%s", script.name, size, name), func(b *testing.B) {
					b.SetBytes(int64(size))
					for b.Loop() {
						if u := (UTF8{}); !u.Check(text) {
							b.Fatal("not UTF-8")
						}
					}
				})
			})
		}
	}
}
