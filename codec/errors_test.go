package codec

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestViolations(t *testing.T) {
	codes := map[Violation]StatusCode{
		ErrReservedBits:      1002,
		ErrReservedOpcode:    1002,
		ErrLengthNotMinimal:  1002,
		ErrLengthOverflow:    1002,
		ErrUnmasked:          1002,
		ErrMasked:            1002,
		ErrContinuation:      1002,
		ErrInterleaved:       1002,
		ErrControlFragmented: 1002,
		ErrControlTooLong:    1002,
		ErrAfterClose:        1002,
		ErrCloseTruncated:    1002,
		ErrCloseStatus:       1002,
		ErrCloseReason:       1007,
		ErrText:              1007,
		ErrMessageTooBig:     1009,
		ErrDeflate:           1007,
	}
	if got, want := len(codes), int(violations)-1; got != want {
		t.Errorf("this table has %d violations, the package %d", got, want)
	}
	texts := map[string]Violation{}
	for v := Violation(1); v < violations; v++ {
		text := v.Error()
		if rule, ok := strings.CutPrefix(text, "codec: "); !ok || rule == "" {
			t.Errorf("Violation(%d).Error() = %q, want a rule behind %q", v, text, "codec: ")
		}
		if other, ok := texts[text]; ok {
			t.Errorf("Violation(%d).Error() = %q, as Violation(%d)", v, text, other)
		}
		texts[text] = v
		if got, want := v.Rule(), strings.TrimPrefix(text, "codec: "); got != want {
			t.Errorf("%q.Rule() = %q, want %q", v, got, want)
		}
		if _, err := AppendClose(nil, v.StatusCode(), v.Rule()); err != nil || len(v.Rule()) > MaxCloseReason {
			t.Errorf("%q is not fit for a Close frame: %v", v.Rule(), err)
		}
		if got := v.StatusCode(); got != codes[v] {
			t.Errorf("%q.StatusCode() = %d, want %d", v, got, codes[v])
		}
		if !v.StatusCode().Sendable() {
			t.Errorf("%q.StatusCode() = %d, which must not be sent", v, v.StatusCode())
		}
	}
}

func TestViolationOutOfRange(t *testing.T) {
	for _, v := range []Violation{0, violations, 255} {
		if got, want := v.Error(), "codec: no violation"; got != want {
			t.Errorf("Violation(%d).Error() = %q, want %q", v, got, want)
		}
		if got := v.StatusCode(); got != StatusInternalError {
			t.Errorf("Violation(%d).StatusCode() = %d, want %d", v, got, StatusInternalError)
		}
	}
}

func TestViolationWrapped(t *testing.T) {
	err := fmt.Errorf("read: %w", ErrText)
	if !errors.Is(err, ErrText) || errors.Is(err, ErrMasked) {
		t.Errorf("errors.Is does not tell the violation in %q", err)
	}
	if v, ok := errors.AsType[Violation](err); !ok || v != ErrText {
		t.Errorf("errors.AsType[Violation](%q) = %v, %v, want %v", err, v, ok, ErrText)
	}
}
