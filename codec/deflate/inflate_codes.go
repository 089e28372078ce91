package deflate

import (
	"encoding/binary"

	"github.com/zerowire/websocket/codec"
)

// decode inflates compressed data to the end of its block.
func (d *inflater) decode(out []byte, at int, src []byte, i int) (_, read int, err error) {
	at, i, ended, err := d.decodeFast(out, at, src, i)
	for err == nil && !ended {
		i = d.fill(src, i)
		at, ended, err = d.symbol(out, at)
	}
	return at, i, err
}

// An iteration of decodeFast reads at most 16 bytes and writes at most slack bytes: two
// literals, the longest match, and up to stride bytes that the copy writes after it.
const slack = 2 + maxLength + stride

// stride is the number of bytes of a match that are copied at once.
const stride = 16

// decodeFast decodes while input and output have enough room for a whole iteration, so that
// it need not check for each symbol.
//
// NOTE: nearly all time is spent here. bits holds more than n bits: the bits above n are the
// next ones of the input, and are read again.
func (d *inflater) decodeFast(out []byte, at int, src []byte, i int) (_, read int, ended bool, err error) {
	bits, n := d.bits, d.n
	lit, dist := &d.used.lit, &d.used.dist
	for len(src)-i >= 16 && len(out)-at >= slack {
		bits |= binary.LittleEndian.Uint64(src[i:]) << (n & 63)
		i += int(63-n) >> 3
		n |= 56
		e := lit[bits&(1<<litBits-1)]
		if e&literal != 0 { // three codes need at most 45 of the 56 bits
			bits >>= e & 31
			n -= uint(e & 31)
			out[at] = byte(e >> 16)
			at++
			e = lit[bits&(1<<litBits-1)]
			if e&literal != 0 {
				bits >>= e & 31
				n -= uint(e & 31)
				out[at] = byte(e >> 16)
				at++
				e = lit[bits&(1<<litBits-1)]
				if e&literal != 0 {
					bits >>= e & 31
					n -= uint(e & 31)
					out[at] = byte(e >> 16)
					at++
					continue
				}
			}
			if n < 48 { // a length and a distance need at most 48 bits
				bits |= binary.LittleEndian.Uint64(src[i:]) << (n & 63)
				i += int(63-n) >> 3
				n |= 56
			}
		}
		if e&link != 0 {
			bits >>= litBits
			n -= litBits
			e = lit[(uint64(e>>16)+bits&(1<<(e>>8&15)-1))&(litRoom-1)]
			if e&literal != 0 {
				bits >>= e & 31
				n -= uint(e & 31)
				out[at] = byte(e >> 16)
				at++
				continue
			}
		}
		if e&special != 0 {
			d.n = n - uint(e&31)
			d.bits = bits >> (e & 31) & (1<<d.n - 1)
			if e&endOfBlock == 0 {
				return at, i, false, codec.ErrDeflate
			}
			return at, i, true, nil
		}
		length := int(e>>16) + int(bits&(1<<(e&31)-1)>>(e>>8&15))
		bits >>= e & 31
		n -= uint(e & 31)
		e = dist[bits&(1<<distBits-1)]
		if e&link != 0 {
			bits >>= distBits
			n -= distBits
			e = dist[(uint64(e>>16)+bits&(1<<(e>>8&15)-1))&(distRoom-1)]
		}
		distance := int(e>>16) + int(bits&(1<<(e&31)-1)>>(e>>8&15))
		bits >>= e & 31
		n -= uint(e & 31)
		if e&special != 0 || distance > at || distance > d.reach {
			return at, i, false, codec.ErrDeflate
		}
		if distance >= stride && length <= stride { // the common case
			*(*[stride]byte)(out[at:]) = *(*[stride]byte)(out[at-distance:])
		} else {
			copyMatch(out, at, distance, length)
		}
		at += length
	}
	d.bits, d.n = bits&(1<<n-1), n
	return at, i, false, nil
}

// symbol decodes one literal, or one length with its distance, from d.bits. If the bits or
// the room in out are not sufficient, it uses no bits.
func (d *inflater) symbol(out []byte, at int) (_ int, ended bool, err error) {
	bits, n := d.bits, d.n
	e := d.used.lit[bits&(1<<litBits-1)]
	if e&link != 0 && n > litBits {
		bits >>= litBits
		n -= litBits
		e = d.used.lit[uint64(e>>16)+bits&(1<<(e>>8&15)-1)]
	}
	if e&link != 0 || uint(e&31) > n {
		return at, false, codec.ErrShort
	}
	v := int(e>>16&^(literal>>16)) + int(bits&(1<<(e&31)-1)>>(e>>8&15))
	bits >>= e & 31
	n -= uint(e & 31)
	switch {
	case e&literal != 0:
		if at == len(out) {
			return at, false, errFull
		}
		out[at] = byte(v)
		d.bits, d.n = bits, n
		return at + 1, false, nil
	case e&endOfBlock != 0:
		d.bits, d.n = bits, n
		return at, true, nil
	case e&special != 0:
		return at, false, codec.ErrDeflate
	}
	e = d.used.dist[bits&(1<<distBits-1)]
	if e&link != 0 && n > distBits {
		bits >>= distBits
		n -= distBits
		e = d.used.dist[uint64(e>>16)+bits&(1<<(e>>8&15)-1)]
	}
	if e&link != 0 || uint(e&31) > n {
		return at, false, codec.ErrShort
	}
	distance := int(e>>16) + int(bits&(1<<(e&31)-1)>>(e>>8&15))
	if e&special != 0 || distance > at || distance > d.reach {
		return at, false, codec.ErrDeflate
	}
	if v > len(out)-at {
		return at, false, errFull
	}
	copyMatch(out, at, distance, v)
	d.bits, d.n = bits>>(e&31), n-uint(e&31)
	return at + v, false, nil
}

// copyMatch copies length bytes from out[at-distance:] to out[at:]. The two may overlap: then
// bytes that were just written are read again. If there is room, copyMatch writes some bytes
// after the match, too.
func copyMatch(out []byte, at, distance, length int) {
	from := out[at-distance:]
	if distance >= stride && len(out)-at >= length+stride {
		to := out[at : at+length+stride]
		for k := 0; k < length; k += stride {
			*(*[stride]byte)(to[k:]) = *(*[stride]byte)(from[k:])
		}
		return
	}
	to := out[at : at+length]
	for k := 0; k < length; { // each iteration copies more bytes at once
		k += copy(to[k:], from[:distance+k])
	}
}
