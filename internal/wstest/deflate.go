package wstest

import (
	"bytes"
	"compress/flate"
)

// Deflater compresses the messages of one direction of a connection (RFC 7692
// §7.2.1). With the full window it is the standard library's compressor. A
// smaller one, which that does not have, it uses up to the last byte.
//
// The zero Deflater has a window of 32 KiB and takes its context over.
type Deflater struct {
	Window     int  // the largest distance, in bytes; 0 for 32768
	NoTakeover bool // every message stands for itself

	out    bytes.Buffer
	full   *flate.Writer
	before []byte // what may be referred to
}

// Message compresses one message and returns its payload, without the tail,
// which is the caller's.
func (z *Deflater) Message(p []byte) []byte {
	if z.Window != 0 && z.Window < 1<<15 {
		return z.small(p)
	}
	z.out.Reset()
	switch {
	case z.full == nil:
		z.full, _ = flate.NewWriter(&z.out, flate.BestSpeed) // fails for levels that there are not
	case z.NoTakeover:
		z.full.Reset(&z.out)
	}
	z.full.Write(p) // a bytes.Buffer takes everything
	z.full.Flush()
	return bytes.Clone(bytes.TrimSuffix(z.out.Bytes(), DeflateTail))
}

// small compresses with a small window: into stored blocks if that is shorter.
func (z *Deflater) small(p []byte) []byte {
	var w bitWriter
	all := append(z.before, p...)
	w.fixedBlock(all, len(z.before), z.Window)
	if len(w.out) > len(p) {
		w = bitWriter{}
		for piece := range Pieces(p, 1<<16-1) {
			w.stored(piece, false)
		}
	}
	w.put(0, 3) // the empty block of which the tail is cut off
	w.align()
	z.before = nil
	if !z.NoTakeover {
		z.before = bytes.Clone(all[max(0, len(all)-z.Window):])
	}
	return w.out
}

// bitWriter writes bits, from the least significant one of each byte.
type bitWriter struct {
	out  []byte
	word uint64
	have uint
}

// put appends the n low bits of v.
func (w *bitWriter) put(v uint64, n uint) {
	w.word |= v << w.have
	for w.have += n; w.have >= 8; w.have -= 8 {
		w.out = append(w.out, byte(w.word))
		w.word >>= 8
	}
}

// align fills up a byte that was begun with zeros.
func (w *bitWriter) align() { w.put(0, (8-w.have)%8) }

// stored appends a block that is not compressed.
func (w *bitWriter) stored(p []byte, final bool) {
	w.header(0, final)
	w.align()
	w.put(uint64(len(p)), 16)
	w.put(uint64(^uint16(len(p))), 16)
	w.out = append(w.out, p...)
}

// header appends what a block of type kind begins with.
func (w *bitWriter) header(kind uint64, final bool) {
	if final {
		w.put(1, 1)
	} else {
		w.put(0, 1)
	}
	w.put(kind, 2)
}

// literal appends a literal, or endOfBlock, in the fixed code.
func (w *bitWriter) literal(symbol int) {
	switch {
	case symbol < 144:
		w.code(0x30+symbol, 8)
	case symbol < 256:
		w.code(0x190+symbol-144, 9)
	case symbol < 280:
		w.code(symbol-256, 7)
	default:
		w.code(0xC0+symbol-280, 8)
	}
}

// match appends a length and a distance in the fixed code.
func (w *bitWriter) match(length, distance int) {
	symbol := symbolOf(lengthBase[:], length)
	w.literal(endOfBlock + 1 + symbol)
	w.put(uint64(length-lengthBase[symbol]), lengthExtra[symbol])
	symbol = symbolOf(distanceBase[:], distance)
	w.code(symbol, 5)
	w.put(uint64(distance-distanceBase[symbol]), distanceExtra[symbol])
}

// code appends a Huffman code, which is sent the other way round.
func (w *bitWriter) code(code int, n uint8) { w.put(uint64(reverse(code, n)), uint(n)) }

// symbolOf returns the last symbol whose base is not above value.
func symbolOf(base []int, value int) int {
	i := len(base) - 1
	for base[i] > value {
		i--
	}
	return i
}

// fixedBlock appends all[from:] as a block in the fixed code, with matches at
// distances up to window.
func (w *bitWriter) fixedBlock(all []byte, from, window int) {
	const (
		tries    = 16 // places to compare with
		minMatch = 3
		maxMatch = 258
	)
	w.header(1, false)
	last := make([]int, 1<<12)        // by hash, the last place plus one
	before := make([]int, len(all)+1) // by place, the one before it with the same hash
	for at := 0; at < len(all); {
		length, distance := 0, 0
		if at+minMatch <= len(all) {
			place := last[hash3(all[at:])] - 1
			for range tries {
				if at < from || place < 0 || at-place > window {
					break
				}
				if n := common(all[place:], all[at:], maxMatch); n > length {
					length, distance = n, at-place
				}
				place = before[place] - 1
			}
		}
		n := 1
		switch {
		case at < from:
		case length >= minMatch:
			w.match(length, distance)
			n = length
		default:
			w.literal(int(all[at]))
		}
		for ; n > 0; n-- {
			if at+minMatch <= len(all) {
				h := hash3(all[at:])
				before[at], last[h] = last[h], at+1
			}
			at++
		}
	}
	w.literal(endOfBlock)
}

func hash3(p []byte) int {
	return int((uint32(p[0])|uint32(p[1])<<8|uint32(p[2])<<16)*0x9E3779B1>>20) & (1<<12 - 1)
}

// common returns how many bytes a and b have in common, at most limit.
func common(a, b []byte, limit int) (n int) {
	limit = min(limit, len(a), len(b))
	for n < limit && a[n] == b[n] {
		n++
	}
	return n
}
