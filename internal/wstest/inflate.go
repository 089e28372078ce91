package wstest

import (
	"errors"
	"fmt"
	"slices"
)

// Inflater inflates the messages of one direction of a connection (RFC 7692
// §7.2.2, RFC 1951) and is exact about what was agreed on: a distance beyond the
// window, or beyond what there is to refer to, is an error, though it may lie
// within what other inflaters happen to remember. It is the judge of package
// codec/deflate and shares nothing with it.
//
// The zero Inflater has a window of 32 KiB and takes its context over.
type Inflater struct {
	Window     int  // the largest distance, in bytes; 0 for 32768
	NoTakeover bool // every message begins without anything to refer to
	Limit      int  // of a message, in bytes; 0 for none
	Farthest   int  // the largest distance that any message has used

	out   []byte // what may be referred to, and the message behind it
	begin int    // of the message in out
	bits  bitReader
}

// What Message fails with, the distances apart.
var (
	ErrInflateLimit = errors.New("wstest: inflates to more than the limit")

	errTruncated = errors.New("wstest: the data ends inside a block")
	errBlockType = errors.New("wstest: a block of type 3")
	errStored    = errors.New("wstest: the length of a stored block and its complement differ")
	errCode      = errors.New("wstest: a code that is over-subscribed or incomplete")
	errSymbol    = errors.New("wstest: a symbol that has no meaning")
	errRepeat    = errors.New("wstest: code lengths that repeat nothing, or too much")
)

// DeflateTail is what a sender takes off the end of a compressed message, and a
// receiver puts back (RFC 7692 §7.2.1): length and complement of an empty block.
var DeflateTail = []byte{0x00, 0x00, 0xFF, 0xFF}

// Message inflates one message: payload is that of all its frames, without the
// tail. The result is valid until the next call. After an error the Inflater is
// of no more use.
func (z *Inflater) Message(payload []byte) ([]byte, error) {
	if z.Window == 0 {
		z.Window = 1 << 15
	}
	keep := min(len(z.out), z.Window)
	if z.NoTakeover {
		keep = 0
	}
	z.out = append(z.out[:0], z.out[len(z.out)-keep:]...)
	z.begin = keep
	z.bits = bitReader{in: slices.Concat(payload, DeflateTail)}
	for !z.bits.empty() {
		if err := z.block(); err != nil {
			return nil, err
		}
	}
	return z.out[z.begin:], nil
}

// block inflates one block. Behind a final one another may follow (RFC 7692
// §7.2.3.4): it begins at a byte.
func (z *Inflater) block() error {
	final, err := z.bits.take(1)
	if err != nil {
		return err
	}
	kind, err := z.bits.take(2)
	if err != nil {
		return err
	}
	switch kind {
	case 0:
		err = z.stored()
	case 1:
		err = z.compressed(fixedLiterals(), fixedDistances())
	case 2:
		var literals, distances *huffman
		if literals, distances, err = z.bits.codes(); err == nil {
			err = z.compressed(literals, distances)
		}
	default:
		err = errBlockType
	}
	if err == nil && final == 1 {
		z.bits.align()
		if z.bits.left() == len(DeflateTail) {
			z.bits = bitReader{} // the message ended with it, and nothing was cut off
		}
	}
	return err
}

func (z *Inflater) stored() error {
	z.bits.align()
	length, err := z.bits.take(16)
	if err != nil {
		return err
	}
	complement, err := z.bits.take(16)
	if err != nil {
		return err
	}
	if length != ^complement&0xFFFF {
		return errStored
	}
	p, err := z.bits.bytes(int(length))
	z.out = append(z.out, p...)
	if err := z.checkLimit(); err != nil {
		return err
	}
	return err
}

// RFC 1951 §3.2.5: what the symbols of lengths (from 257) and distances stand for.
var (
	lengthBase  = [...]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [...]uint{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}

	distanceBase  = [...]int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = [...]uint{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

const endOfBlock = 256

func (z *Inflater) compressed(literals, distances *huffman) error {
	for {
		symbol, err := z.bits.symbol(literals)
		switch {
		case err != nil:
			return err
		case symbol < endOfBlock:
			z.out = append(z.out, byte(symbol))
		case symbol == endOfBlock:
			return nil
		default:
			if err := z.match(symbol-endOfBlock-1, distances); err != nil {
				return err
			}
		}
		if err := z.checkLimit(); err != nil {
			return err
		}
	}
}

// match copies what was there before.
func (z *Inflater) match(symbol int, distances *huffman) error {
	if symbol >= len(lengthBase) {
		return errSymbol
	}
	extra, err := z.bits.take(lengthExtra[symbol])
	if err != nil {
		return err
	}
	length := lengthBase[symbol] + int(extra)
	if symbol, err = z.bits.symbol(distances); err != nil {
		return err
	}
	if symbol >= len(distanceBase) {
		return errSymbol
	}
	if extra, err = z.bits.take(distanceExtra[symbol]); err != nil {
		return err
	}
	distance := distanceBase[symbol] + int(extra)
	if distance > z.Window {
		return fmt.Errorf("wstest: a distance of %d in a window of %d", distance, z.Window)
	}
	if distance > len(z.out) {
		return fmt.Errorf("wstest: a distance of %d with %d bytes before it", distance, len(z.out))
	}
	z.Farthest = max(z.Farthest, distance)
	for length > 0 {
		from := z.out[len(z.out)-distance:]
		from = from[:min(len(from), length)] // what was copied may be copied again
		z.out = append(z.out, from...)
		length -= len(from)
	}
	return nil
}

func (z *Inflater) checkLimit() error {
	if z.Limit > 0 && len(z.out)-z.begin > z.Limit {
		return ErrInflateLimit
	}
	return nil
}
