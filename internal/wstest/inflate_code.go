package wstest

import "sync"

// bitReader reads the bits of in, from the least significant one of each byte.
type bitReader struct {
	in   []byte
	word uint64 // the next bits, have of them
	have uint
}

// fill has as many bits in word as fit, or as there are.
func (r *bitReader) fill() {
	for r.have <= 56 && len(r.in) > 0 {
		r.word |= uint64(r.in[0]) << r.have
		r.in = r.in[1:]
		r.have += 8
	}
}

// take returns the next n bits, at most 16, as a number.
func (r *bitReader) take(n uint) (uint64, error) {
	r.fill()
	if n > r.have {
		return 0, errTruncated
	}
	v := r.word & (1<<n - 1)
	r.drop(n)
	return v, nil
}

func (r *bitReader) drop(n uint) {
	r.word >>= n
	r.have -= n
}

// align drops the rest of a byte that was begun.
func (r *bitReader) align() { r.drop(r.have % 8) }

// bytes returns n whole bytes, or those that are left and errTruncated.
func (r *bitReader) bytes(n int) (p []byte, err error) {
	for ; n > 0 && r.have >= 8; n-- {
		p = append(p, byte(r.word))
		r.drop(8)
	}
	if n > len(r.in) {
		n, err = len(r.in), errTruncated
	}
	p = append(p, r.in[:n]...)
	r.in = r.in[n:]
	return p, err
}

// left returns how many bytes are left, the one that was begun included.
func (r *bitReader) left() int { return int(r.have+7)/8 + len(r.in) }

func (r *bitReader) empty() bool { return r.have == 0 && len(r.in) == 0 }

// huffman is a canonical code (RFC 1951 §3.2.2).
type huffman struct {
	count   [16]int   // codes of each length
	symbols []int     // in the order of their codes
	short   [512]uint // by the next 9 bits, for codes that are no longer: symbol<<4 | length; else 0
}

// newHuffman makes the code of these lengths. Its codes have to be all in use,
// but for a code of one symbol, which has one bit, and one of none.
func newHuffman(lengths []uint8) (*huffman, error) {
	h := &huffman{}
	for _, n := range lengths {
		if n > 0 {
			h.count[n]++
		}
	}
	left, used := 1, 0
	for _, n := range h.count[1:] {
		if left = left<<1 - n; left < 0 {
			return nil, errCode
		}
		used += n
	}
	if left > 0 && used > 0 && !(used == 1 && h.count[1] == 1) {
		return nil, errCode
	}
	h.symbols = make([]int, used)
	var code, at [16]int
	for n := 1; n < 15; n++ {
		at[n+1] = at[n] + h.count[n]
		code[n+1] = (code[n] + h.count[n]) << 1
	}
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		h.symbols[at[n]] = symbol
		at[n]++
		if n <= 9 {
			for i := reverse(code[n], n); i < len(h.short); i += 1 << n {
				h.short[i] = uint(symbol)<<4 | uint(n)
			}
		}
		code[n]++
	}
	return h, nil
}

// reverse returns the n bits of code in the order in which they are sent.
func reverse(code int, n uint8) (bits int) {
	for range n {
		bits = bits<<1 | code&1
		code >>= 1
	}
	return bits
}

// symbol reads a symbol of the code h.
func (r *bitReader) symbol(h *huffman) (int, error) {
	r.fill()
	if s := h.short[r.word&511]; s != 0 && s&15 <= r.have {
		r.drop(s & 15)
		return int(s >> 4), nil
	}
	var code, first, at int // the first code of this length, and its symbol's place
	for n := uint(1); n <= 15; n++ {
		if n > r.have {
			return 0, errTruncated
		}
		code |= int(r.word >> (n - 1) & 1)
		if code-first < h.count[n] {
			r.drop(n)
			return h.symbols[at+code-first], nil
		}
		at += h.count[n]
		first = (first + h.count[n]) << 1
		code <<= 1
	}
	return 0, errSymbol
}

// codeOrder is the order in which the lengths of the code for code lengths come.
var codeOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// codes reads the head of a block with codes of its own (RFC 1951 §3.2.7).
func (r *bitReader) codes() (literals, distances *huffman, err error) {
	counts, err := r.take(14)
	if err != nil {
		return nil, nil, err
	}
	nLiterals, nDistances, nCodes := int(counts&31)+257, int(counts>>5&31)+1, int(counts>>10)+4
	if nLiterals > 286 || nDistances > len(distanceBase) {
		return nil, nil, errCode
	}
	var lengths [19]uint8
	for _, symbol := range codeOrder[:nCodes] {
		n, err := r.take(3)
		if err != nil {
			return nil, nil, err
		}
		lengths[symbol] = uint8(n)
	}
	code, err := newHuffman(lengths[:])
	if err != nil {
		return nil, nil, err
	}
	all, err := r.lengths(code, nLiterals+nDistances)
	if err != nil {
		return nil, nil, err
	}
	if literals, err = newHuffman(all[:nLiterals]); err != nil {
		return nil, nil, err
	}
	distances, err = newHuffman(all[nLiterals:])
	return literals, distances, err
}

// lengths reads n code lengths.
func (r *bitReader) lengths(code *huffman, n int) ([]uint8, error) {
	var lengths []uint8
	for len(lengths) < n {
		symbol, err := r.symbol(code)
		if err != nil {
			return nil, err
		}
		var value uint8
		var least, extra uint = 1, 0
		switch symbol {
		default:
			value = uint8(symbol)
		case 16:
			if len(lengths) == 0 {
				return nil, errRepeat
			}
			value, least, extra = lengths[len(lengths)-1], 3, 2
		case 17:
			least, extra = 3, 3
		case 18:
			least, extra = 11, 7
		}
		more, err := r.take(extra)
		if err != nil {
			return nil, err
		}
		for range uint64(least) + more {
			lengths = append(lengths, value)
		}
	}
	if len(lengths) > n {
		return nil, errRepeat
	}
	return lengths, nil
}

var (
	fixedLiterals = sync.OnceValue(func() *huffman {
		lengths := make([]uint8, 288)
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
		return mustHuffman(lengths)
	})
	fixedDistances = sync.OnceValue(func() *huffman {
		lengths := make([]uint8, 32)
		for i := range lengths {
			lengths[i] = 5
		}
		return mustHuffman(lengths)
	})
)

func mustHuffman(lengths []uint8) *huffman {
	h, err := newHuffman(lengths)
	if err != nil {
		panic("wstest: " + err.Error())
	}
	return h
}
