package deflate

import (
	"encoding/binary"
	"errors"

	"github.com/zerowire/websocket/codec"
)

// An inflater decodes DEFLATE (RFC 1951). It stops where the input ends, even inside a code,
// and continues there with the next input, so that bytes are inflated as they arrive. It
// writes directly into the message: its earlier output is the window for distances.
type inflater struct {
	bits uint64 // read from the input and not used; the next one is the lowest
	n    uint   // number of bits in bits

	reach int // the largest distance that is allowed

	step  step
	final bool // the block is marked as the last one
	ended bool // the block marked as the last one has ended, and no other has begun
	left  int  // bytes of a stored block that are not copied yet

	lits, dists, lens int        // numbers of code lengths in the block, by kind
	read              int        // number of code lengths that were read
	lengths           [320]uint8 // the code lengths
	used              *tables    // tables of the current block
	own               tables
}

// step is the next element of the input.
type step uint8

const (
	atBlock   step = iota // the header of a block
	atSize                // the size of a stored block
	inStored              // the bytes of a stored block
	atCounts              // the numbers of code lengths
	inLens                // the lengths of the codes that the code lengths are in
	inLengths             // the code lengths
	inCodes               // compressed data
)

// errFull reports that the output has no room for the next bytes.
var errFull = errors.New("deflate: no room")

// reset prepares d for another message, with distances of up to reach.
func (d *inflater) reset(reach int) {
	d.reach = reach
	d.bits, d.n, d.step, d.final, d.ended = 0, 0, atBlock, false, false
}

// run inflates src to out[at:] and returns its final positions in both. out[:at] is the
// window. The error is codec.ErrShort at the end of src, errFull if out is full, and
// codec.ErrDeflate if src is not valid DEFLATE.
func (d *inflater) run(out []byte, at int, src []byte) (_, read int, err error) {
	i := 0
	for {
		switch d.step {
		case atBlock:
			if i = d.fill(src, i); d.n < 3 {
				return at, i, codec.ErrShort
			}
			d.final, d.ended = d.take(1) == 1, false
			switch d.take(2) {
			case 0:
				d.take(d.n & 7)
				d.step = atSize
			case 1:
				d.used, d.step = fixed(), inCodes
			case 2:
				d.step = atCounts
			default:
				return at, i, codec.ErrDeflate
			}
		case atSize:
			if i = d.fill(src, i); d.n < 32 {
				return at, i, codec.ErrShort
			}
			size, check := d.take(16), d.take(16)
			if size != check^0xFFFF {
				return at, i, codec.ErrDeflate
			}
			d.left, d.step = int(size), inStored
		case inStored:
			at, i = d.copyStored(out, at, src, i)
			if d.left > 0 {
				if i == len(src) && d.n == 0 {
					return at, i, codec.ErrShort
				}
				return at, i, errFull
			}
			d.endBlock()
		case atCounts, inLens, inLengths:
			if i, err = d.readTables(src, i); err != nil {
				return at, i, err
			}
			d.used, d.step = &d.own, inCodes
		case inCodes:
			if at, i, err = d.decode(out, at, src, i); err != nil {
				return at, i, err
			}
			d.endBlock()
		}
	}
}

// endBlock ends a block. After the block marked as the last one, another may begin at the
// next byte (RFC 7692 §7.2.3.4).
func (d *inflater) endBlock() {
	d.step, d.ended = atBlock, d.final
	if d.final {
		d.take(d.n & 7)
	}
}

// whole reports whether the input has ended between blocks.
func (d *inflater) whole() bool { return d.step == atBlock && d.n == 0 }

// fill moves bytes of src, from i on, to d.bits until that is full, and returns the new
// position in src.
func (d *inflater) fill(src []byte, i int) int {
	if len(src)-i >= 8 {
		d.bits |= binary.LittleEndian.Uint64(src[i:]) << d.n
		i += int(63-d.n) >> 3
		d.n |= 56
		d.bits &= 1<<d.n - 1
		return i
	}
	for d.n < 56 && i < len(src) {
		d.bits |= uint64(src[i]) << d.n
		d.n += 8
		i++
	}
	return i
}

// take removes the next n bits from d.bits, which must contain them, and returns them.
func (d *inflater) take(n uint) uint64 {
	v := d.bits & (1<<n - 1)
	d.bits >>= n
	d.n -= n
	return v
}

// copyStored copies as much of a stored block as src and out allow.
func (d *inflater) copyStored(out []byte, at int, src []byte, i int) (int, int) {
	for d.left > 0 && d.n > 0 && at < len(out) {
		out[at] = byte(d.take(8))
		at++
		d.left--
	}
	if d.n == 0 {
		n := min(d.left, len(out)-at, len(src)-i)
		copy(out[at:at+n], src[i:])
		at, i, d.left = at+n, i+n, d.left-n
	}
	return at, i
}

// lengthOrder is the order of the code lengths of the code length alphabet (RFC 1951
// §3.2.7).
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the code lengths at the start of a block and builds the block's tables
// (RFC 1951 §3.2.7).
func (d *inflater) readTables(src []byte, i int) (int, error) {
	lens := d.own.dist[:] // not in use until the distances are known
	if d.step == atCounts {
		if i = d.fill(src, i); d.n < 14 {
			return i, codec.ErrShort
		}
		d.lits, d.dists, d.lens = int(d.take(5))+257, int(d.take(5))+1, int(d.take(4))+4
		if d.lits > maxLits || d.dists > maxDists {
			return i, codec.ErrDeflate
		}
		clear(d.lengths[:len(lengthOrder)])
		d.read, d.step = 0, inLens
	}
	if d.step == inLens {
		for d.read < d.lens {
			if d.n < 3 {
				if i = d.fill(src, i); d.n < 3 {
					return i, codec.ErrShort
				}
			}
			d.lengths[lengthOrder[d.read]] = uint8(d.take(3))
			d.read++
		}
		if !build(lens, lenBits, d.lengths[:len(lengthOrder)], lenMeaning[:]) {
			return i, codec.ErrDeflate
		}
		d.read, d.step = 0, inLengths
	}
	for d.read < d.lits+d.dists {
		if d.n < lenBits+7 {
			i = d.fill(src, i)
		}
		e := lens[d.bits&(1<<lenBits-1)]
		size := uint(e & 31)
		if size > d.n {
			return i, codec.ErrShort
		}
		if e&special != 0 {
			return i, codec.ErrDeflate
		}
		symbol := e >> 16
		if symbol < 16 {
			d.take(size)
			d.lengths[d.read] = uint8(symbol)
			d.read++
			continue
		}
		extra, least, value := uint(2), 3, uint8(0)
		switch symbol {
		case 16:
			if d.read == 0 {
				return i, codec.ErrDeflate
			}
			value = d.lengths[d.read-1]
		case 17:
			extra = 3
		case 18:
			extra, least = 7, 11
		}
		if size+extra > d.n {
			return i, codec.ErrShort
		}
		d.take(size)
		times := least + int(d.take(extra))
		if d.read+times > d.lits+d.dists {
			return i, codec.ErrDeflate
		}
		for range times {
			d.lengths[d.read] = value
			d.read++
		}
	}
	if !build(d.own.lit[:], litBits, d.lengths[:d.lits], litMeaning[:]) ||
		!build(d.own.dist[:], distBits, d.lengths[d.lits:d.lits+d.dists], distMeaning[:]) {
		return i, codec.ErrDeflate
	}
	return i, nil
}
