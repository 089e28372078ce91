//go:build !purego && (amd64 || arm64)

package codec

// Constants of the kernels in utf8_*.s. They use the method of John Keiser and Daniel
// Lemire, "Validating UTF-8 in less than one instruction per byte" (Software: Practice and
// Experience 51(5), 2021). All faults but one show in two adjacent bytes, in their upper
// nibbles and the lower nibble of the first. Three tables hold the possible faults for each
// nibble, one bit per fault. A bit that is set in all three entries is a fault.
const (
	tooShort   = 1 << 0 // a lead byte, then no continuation byte
	tooLong    = 1 << 1 // ASCII, then a continuation byte
	overlong3  = 1 << 2 // E0 80..9F
	tooLarge   = 1 << 3 // F4 90..BF, and F5..FF 90..BF
	surrogate  = 1 << 4 // ED A0..BF
	overlong2  = 1 << 5 // C0 and C1, then a continuation byte
	overlong4  = 1 << 6 // F0 80..8F
	tooLarge8  = 1 << 6 // F5..FF 80..8F: shares a bit with overlong4, since both are faults
	twoConts   = 1 << 7 // two continuation bytes: legal in a sequence of 3 or 4 bytes
	anyLowHalf = tooShort | tooLong | twoConts
)

// utf8Rows are the three tables, and a fourth for the end of the text: the maximum of each
// of the last bytes. A larger byte begins a sequence that the text does not complete.
var utf8Rows = [4][16]byte{
	{ // by the upper nibble of the first byte
		0x0: tooLong, 0x1: tooLong, 0x2: tooLong, 0x3: tooLong,
		0x4: tooLong, 0x5: tooLong, 0x6: tooLong, 0x7: tooLong,
		0x8: twoConts, 0x9: twoConts, 0xA: twoConts, 0xB: twoConts,
		0xC: tooShort | overlong2,
		0xD: tooShort,
		0xE: tooShort | overlong3 | surrogate,
		0xF: tooShort | tooLarge | tooLarge8 | overlong4,
	},
	{ // by the lower nibble of the first byte
		0x0: anyLowHalf | overlong2 | overlong3 | overlong4,
		0x1: anyLowHalf | overlong2,
		0x2: anyLowHalf,
		0x3: anyLowHalf,
		0x4: anyLowHalf | tooLarge,
		0x5: anyLowHalf | tooLarge | tooLarge8,
		0x6: anyLowHalf | tooLarge | tooLarge8,
		0x7: anyLowHalf | tooLarge | tooLarge8,
		0x8: anyLowHalf | tooLarge | tooLarge8,
		0x9: anyLowHalf | tooLarge | tooLarge8,
		0xA: anyLowHalf | tooLarge | tooLarge8,
		0xB: anyLowHalf | tooLarge | tooLarge8,
		0xC: anyLowHalf | tooLarge | tooLarge8,
		0xD: anyLowHalf | tooLarge | tooLarge8 | surrogate,
		0xE: anyLowHalf | tooLarge | tooLarge8,
		0xF: anyLowHalf | tooLarge | tooLarge8,
	},
	{ // by the upper nibble of the second byte
		0x0: tooShort, 0x1: tooShort, 0x2: tooShort, 0x3: tooShort,
		0x4: tooShort, 0x5: tooShort, 0x6: tooShort, 0x7: tooShort,
		0x8: tooLong | twoConts | overlong2 | overlong3 | overlong4 | tooLarge8,
		0x9: tooLong | twoConts | overlong2 | overlong3 | tooLarge,
		0xA: tooLong | twoConts | overlong2 | surrogate | tooLarge,
		0xB: tooLong | twoConts | overlong2 | surrogate | tooLarge,
		0xC: tooShort, 0xD: tooShort, 0xE: tooShort, 0xF: tooShort,
	},
	{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xEF, 0xDF, 0xBF},
}
