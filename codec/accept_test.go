package codec

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"
	"testing"
)

func TestAcceptKey(t *testing.T) {
	for _, key := range []string{sampleKey, "x3JJHMbDL1EzLkh9GBhXDw==", "", strings.Repeat("k", 500)} {
		sum := sha1.Sum([]byte(key + acceptGUID))
		want := base64.StdEncoding.EncodeToString(sum[:])
		if got := AcceptKey([]byte(key)); string(got[:]) != want {
			t.Errorf("AcceptKey(%q) = %q, want %q", key, got, want)
		}
	}
}

// TestAcceptKeyOfTheRFC is the example of RFC 6455 §1.3. CI also runs it where FIPS 140 is
// enforced.
func TestAcceptKeyOfTheRFC(t *testing.T) {
	if got := AcceptKey([]byte("dGhlIHNhbXBsZSBub25jZQ==")); string(got[:]) != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Errorf("AcceptKey of the RFC's example = %q", got)
	}
}

func TestEncodeKey(t *testing.T) {
	// RFC 6455 §4.1: the nonce 0x01 … 0x10
	nonce := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	if got := EncodeKey(nonce); string(got[:]) != "AQIDBAUGBwgJCgsMDQ4PEA==" {
		t.Errorf("EncodeKey = %q, want %q", got, "AQIDBAUGBwgJCgsMDQ4PEA==")
	}
}

// ValidKey agrees with the decoder for every byte at every position.
func TestValidKey(t *testing.T) {
	for i := range len(sampleKey) {
		for c := range 256 {
			key := []byte(sampleKey)
			key[i] = byte(c)
			if c == '\r' || c == '\n' {
				continue // the decoder skips these
			}
			p, err := base64.StdEncoding.DecodeString(string(key))
			if want := err == nil && len(p) == 16; ValidKey(key) != want {
				t.Errorf("ValidKey(%q) = %t, want %t", key, !want, want)
			}
		}
	}
	if !ValidKey("AQIDBAUGBwgJCgsMDQ4PEC==") { // RFC 6455 §4.1, before its erratum
		t.Error("the example of RFC 6455 §4.1 is refused")
	}
	for _, key := range []string{"", "=", sampleKey[:23], sampleKey + "=", sampleKey[:22] + "\r\n", "\n" + sampleKey[1:]} {
		if ValidKey(key) {
			t.Errorf("ValidKey(%q) = true, want false", key)
		}
	}
}
