package inspect

import (
	"crypto/hkdf"
	"crypto/hmac"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"strings"
)

// keyLog holds the secrets of a file that SSLKEYLOGFILE named, by label and client random.
type keyLog map[string][]byte

// readKeyLog reads a key log. Lines that are no secrets are left out.
func readKeyLog(name string) (keyLog, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	keys := keyLog{}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if secret, err := hex.DecodeString(fields[2]); err == nil {
			keys[fields[0]+" "+strings.ToLower(fields[1])] = secret
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("--keylog %s: no secret found: give the file that SSLKEYLOGFILE named", name)
	}
	return keys, nil
}

func (k keyLog) secret(label string, random []byte) ([]byte, error) {
	secret, ok := k[label+" "+hex.EncodeToString(random)]
	if !ok {
		return nil, fmt.Errorf("the key log has no %s for this connection", label)
	}
	return secret, nil
}

// expandLabel is HKDF-Expand-Label without a context (RFC 8446 §7.1).
func expandLabel(newHash func() hash.Hash, secret []byte, label string, n int) ([]byte, error) {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(info, "tls13 "+label+"\x00"...)
	return hkdf.Expand(newHash, secret, string(info), n)
}

// expandMaster returns n bytes of the key block (RFC 5246 §5, §6.3).
func expandMaster(newHash func() hash.Hash, master, serverRandom, clientRandom []byte, n int) (block []byte) {
	sum := func(parts ...[]byte) []byte {
		h := hmac.New(newHash, master)
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	seed := append(append([]byte("key expansion"), serverRandom...), clientRandom...)
	for a := sum(seed); len(block) < n; a = sum(a) {
		block = append(block, sum(a, seed)...)
	}
	return block[:n]
}
