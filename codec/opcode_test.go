package codec

import "testing"

func TestOpcode(t *testing.T) {
	for _, tt := range []struct {
		op                      Opcode
		control, data, reserved bool
		text                    string
	}{
		{OpContinuation, false, false, false, "continuation"},
		{OpText, false, true, false, "text"},
		{OpBinary, false, true, false, "binary"},
		{0x3, false, false, true, "reserved"},
		{0x4, false, false, true, "reserved"},
		{0x5, false, false, true, "reserved"},
		{0x6, false, false, true, "reserved"},
		{0x7, false, false, true, "reserved"},
		{OpClose, true, false, false, "close"},
		{OpPing, true, false, false, "ping"},
		{OpPong, true, false, false, "pong"},
		{0xB, true, false, true, "reserved"},
		{0xC, true, false, true, "reserved"},
		{0xD, true, false, true, "reserved"},
		{0xE, true, false, true, "reserved"},
		{0xF, true, false, true, "reserved"},
		{0x11, false, false, true, "reserved"},
		{0xFF, true, false, true, "reserved"},
	} {
		if got := tt.op.IsControl(); got != tt.control {
			t.Errorf("Opcode(%#x).IsControl() = %v, want %v", uint8(tt.op), got, tt.control)
		}
		if got := tt.op.IsData(); got != tt.data {
			t.Errorf("Opcode(%#x).IsData() = %v, want %v", uint8(tt.op), got, tt.data)
		}
		if got := tt.op.IsReserved(); got != tt.reserved {
			t.Errorf("Opcode(%#x).IsReserved() = %v, want %v", uint8(tt.op), got, tt.reserved)
		}
		if got := tt.op.String(); got != tt.text {
			t.Errorf("Opcode(%#x).String() = %q, want %q", uint8(tt.op), got, tt.text)
		}
	}
}
