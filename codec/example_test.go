package codec_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// Read into the room that Space returns, and take out the complete frames.
func ExampleDecoder() {
	conn := strings.NewReader("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58" + "\x89\x80\x37\xfa\x21\x3d")

	d := codec.Decoder{Role: codec.Server, MaxMessage: 1 << 20}
	defer d.Reset()
	for {
		f, err := d.Next()
		if err == codec.ErrShort {
			n, err := conn.Read(d.Space(4096))
			if err == io.EOF {
				return
			}
			d.Commit(n)
			continue
		}
		if err != nil {
			fmt.Println(err) // a Violation by the client
			return
		}
		fmt.Printf("%v %q\n", f.Opcode, f.Payload)
	}
	// Output:
	// text "Hello"
	// ping ""
}

// A Violation has the status code to close the connection with.
func ExampleViolation() {
	d := codec.Decoder{Role: codec.Server}
	defer d.Reset()
	d.Commit(copy(d.Space(2), "\x81\x05")) // a text of five bytes, not masked

	_, err := d.Next()
	if v, ok := err.(codec.Violation); ok {
		fmt.Println(uint16(v.StatusCode()), v)
	}
	// Output: 1002 codec: frame from a client is not masked
}

func ExampleEncoder() {
	e := codec.Encoder{Role: codec.Server}
	b, err := e.Append(nil, codec.Header{Fin: true, Opcode: codec.OpText}, []byte("Hello"))
	fmt.Printf("% x %v\n", b, err)

	_, err = e.Append(nil, codec.Header{Fin: true, Opcode: codec.OpContinuation}, []byte("and more"))
	fmt.Println(err)
	// Output:
	// 81 05 48 65 6c 6c 6f <nil>
	// codec: continuation frame without a message to continue
}

func ExampleParseHeader() {
	h, n, err := codec.ParseHeader([]byte{0x82, 0x7E, 0x01, 0x00, 0xFF})
	fmt.Println(h.Opcode, h.Fin, h.Masked, h.Length, n, err)

	_, _, err = codec.ParseHeader([]byte{0x82, 0x7E})
	fmt.Println(err)
	// Output:
	// binary true false 256 4 <nil>
	// codec: more bytes needed
}

// Masking by hand: octet i of the payload with octet i mod 4 of the key.
// Mask does the same, faster.
func ExampleMask() {
	M := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	E := []byte{0x7f, 0x9f, 0x4d, 0x51, 0x58}

	D := make([]byte, len(E))
	for i := range E {
		D[i] = E[i] ^ M[i%4]
	}
	fmt.Printf("%s\n", D)

	codec.Mask(E, M, 0)
	fmt.Printf("%s\n", E)
	// Output:
	// Hello
	// Hello
}

// A payload that comes in pieces is unmasked piece by piece.
func ExampleMask_pieces() {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	pos := 0
	for _, piece := range [][]byte{{0x7f, 0x9f, 0x4d}, {0x51, 0x58}} {
		pos = codec.Mask(piece, key, pos)
		fmt.Printf("%s %d\n", piece, pos)
	}
	// Output:
	// Hel 3
	// lo 5
}

func ExampleUTF8() {
	var u codec.UTF8
	fmt.Println(u.Check([]byte("caf\xc3")), u.Complete())
	fmt.Println(u.Check([]byte("\xa9")), u.Complete())
	fmt.Println(u.Check([]byte("\xf4\x90"))) // above U+10FFFF, whatever follows
	// Output:
	// true false
	// true true
	// false
}

func ExampleParseClose() {
	code, reason, err := codec.ParseClose([]byte("\x03\xe9maintenance"))
	fmt.Printf("%d %v %q %v\n", code, code, reason, err)
	// Output: 1001 going away "maintenance" <nil>
}
