package deflate

import (
	"math/bits"
	"sync"
)

// A table decodes the Huffman codes of a block (RFC 1951 §3.2.2). The next bits of the input
// are its index; their number is the width of the table. For a longer code, the entry links
// to a second table, whose index are the bits after these.
//
// An entry holds all data of a symbol, so that one lookup is sufficient:
//
//	31      literal
//	16…30   the byte of a literal; the base of a length or distance; the start of a link's table
//	15      neither literal, length nor distance: a link, the end of the block, or no code
//	14      link
//	13      end of the block
//	8…11    bits of the code in this table; for a link, the width of its table
//	0…4     bits of the code in this table and of the extra bits after it
type entry = uint32

const (
	literal    entry = 1 << 31
	special    entry = 1 << 15
	link       entry = 1 << 14
	endOfBlock entry = 1 << 13
)

const (
	maxCode   = 15 // bits of the longest code
	litBits   = 10 // width of the table of literals and lengths
	distBits  = 8  // width of the table of distances
	lenBits   = 7  // width of the table of code lengths
	litRoom   = 1<<litBits + 1024
	distRoom  = 1<<distBits + 768
	maxLits   = 286
	maxDists  = 30
	maxLength = 258
)

// The entries of the symbols without their codes. The lowest bits count the extra bits
// (RFC 1951 §3.2.5).
var (
	litMeaning  [288]entry
	distMeaning [32]entry
	lenMeaning  [19]entry
)

func init() {
	for i := range litMeaning {
		switch {
		case i < 256:
			litMeaning[i] = literal | entry(i)<<16
		case i == 256:
			litMeaning[i] = special | endOfBlock
		default:
			litMeaning[i] = special // 286 and 287 have no meaning
		}
	}
	base := 3
	for i := 257; i <= 284; i++ {
		extra := max(0, (i-261)/4)
		litMeaning[i] = entry(base)<<16 | entry(extra)
		base += 1 << extra
	}
	litMeaning[285] = maxLength << 16
	base = 1
	for i := range distMeaning {
		if i >= maxDists {
			distMeaning[i] = special
			continue
		}
		extra := max(0, i/2-1)
		distMeaning[i] = entry(base)<<16 | entry(extra)
		base += 1 << extra
	}
	for i := range lenMeaning {
		lenMeaning[i] = entry(i) << 16
	}
}

// build fills table, of width bits, for the code lengths of symbols. It reports whether the
// lengths form a complete code, in which every sequence of bits is valid. It also accepts two
// incomplete codes that encoders produce: no code at all, and a single code of one bit.
func build(table []entry, width uint, lengths []uint8, meaning []entry) bool {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	longest, used := 0, 0 // used: part of the code space in use, in units of the longest code
	for n := 1; n <= maxCode; n++ {
		used <<= 1
		if count[n] > 0 {
			used += count[n]
			longest = n
		}
		if used > 1<<n {
			return false
		}
	}
	used >>= maxCode - longest
	if used != 1<<longest {
		if longest > 1 || used > 1 {
			return false
		}
		clearTable(table[:1<<width])
	}

	// Symbols in the order of their codes.
	var first [maxCode + 2]int
	for n := 1; n <= maxCode; n++ {
		first[n+1] = first[n] + count[n]
	}
	var sorted [288]uint16
	for symbol, n := range lengths {
		if n > 0 {
			sorted[first[n]] = uint16(symbol)
			first[n]++
		}
	}

	var (
		code   uint // bit-reversed, as in the input
		filled uint // number of entries that hold all codes so far, each repeated to fill them
		next   = 0
		sub    = table[1<<width:] // room for further second tables
		linked = uint(1) << width // index of the link to the last second table; none yet
		width2 uint
	)
	filled = 1
	for n := uint(1); n <= uint(longest); n++ {
		if n <= width {
			copy(table[filled:2*filled], table[:filled])
			filled *= 2
		}
		for range count[n] {
			e := meaning[sorted[next]]
			next++
			if n <= width {
				table[code] = e + entry(n)<<8 + entry(n)
			} else {
				if prefix := code & (1<<width - 1); prefix != linked {
					linked = prefix
					if width2 > 0 {
						sub = sub[1<<width2:]
					}
					width2 = secondWidth(&count, n, width)
					begin := len(table) - len(sub)
					table[prefix] = special | link | entry(begin)<<16 | entry(width2)<<8
				}
				e += entry(n-width)<<8 + entry(n-width)
				for i := code >> width; i < 1<<width2; i += 1 << (n - width) {
					sub[i] = e
				}
			}
			code = increment(code, n)
			count[n]--
		}
	}
	for filled < 1<<width {
		copy(table[filled:2*filled], table[:filled])
		filled *= 2
	}
	return true
}

// increment returns the next code of n bits after code. Both are bit-reversed, so that a carry
// goes down from the highest bit.
func increment(code, n uint) uint {
	ones := uint(bits.LeadingZeros16(^uint16(code << (16 - n)))) // from the highest bit down
	if ones >= n {
		return 0
	}
	top := n - 1 - ones
	return code&(1<<top-1) | 1<<top
}

// secondWidth returns the width of a second table whose first code has n bits. count holds the
// number of codes of each length that are not in a table yet.
func secondWidth(count *[maxCode + 1]int, n, width uint) uint {
	used := count[n]
	for n < maxCode && used < 1<<(n-width) {
		n++
		used = used<<1 + count[n]
	}
	return n - width
}

// clearTable sets every entry to one without a code.
func clearTable(table []entry) {
	for i := range table {
		table[i] = special | 1<<8 | 1
	}
}

// fixed returns the tables of blocks with fixed codes (RFC 1951 §3.2.6).
var fixed = sync.OnceValue(func() *tables {
	var t tables
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	build(t.lit[:], litBits, lengths[:], litMeaning[:])
	var distances [32]uint8
	for i := range distances {
		distances[i] = 5
	}
	build(t.dist[:], distBits, distances[:], distMeaning[:])
	return &t
})

// tables are the tables of a block of compressed data.
type tables struct {
	lit  [litRoom]entry
	dist [distRoom]entry
}
