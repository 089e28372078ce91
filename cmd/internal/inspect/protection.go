package inspect

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/zerowire/websocket/codec"
)

// suite is a TLS cipher suite.
type suite struct {
	hash   func() hash.Hash
	key    int  // length, in bytes
	chacha bool // and not AES-GCM
}

// suites are those that are read: those of TLS 1.3, and of TLS 1.2 with an AEAD.
var suites = map[uint16]suite{
	0x1301: {sha256.New, 16, false}, 0x1302: {sha512.New384, 32, false}, 0x1303: {sha256.New, 32, true},
	0x009C: {sha256.New, 16, false}, 0x009D: {sha512.New384, 32, false}, // RSA
	0x009E: {sha256.New, 16, false}, 0x009F: {sha512.New384, 32, false}, 0xCCAA: {sha256.New, 32, true}, // DHE-RSA
	0xC02B: {sha256.New, 16, false}, 0xC02C: {sha512.New384, 32, false}, 0xCCA9: {sha256.New, 32, true}, // ECDHE-ECDSA
	0xC02F: {sha256.New, 16, false}, 0xC030: {sha512.New384, 32, false}, 0xCCA8: {sha256.New, 32, true}, // ECDHE-RSA
}

// protection decrypts the records of one end.
type protection struct {
	suite
	secret []byte // TLS 1.3: what the key is derived from; nil in TLS 1.2
	aead   cipher.AEAD
	iv     []byte
	record uint64
}

// protect13 returns the protection of TLS 1.3 with a traffic secret (RFC 8446 §7.3).
func (s suite) protect13(secret []byte) (*protection, error) {
	key, err := expandLabel(s.hash, secret, "key", s.key)
	if err != nil {
		return nil, err
	}
	iv, err := expandLabel(s.hash, secret, "iv", 12)
	if err != nil {
		return nil, err
	}
	p, err := s.protect(key, iv)
	if err == nil {
		p.secret = secret
	}
	return p, err
}

// next returns the protection behind a KeyUpdate (RFC 8446 §7.2).
func (p *protection) next() (*protection, error) {
	secret, err := expandLabel(p.hash, p.secret, "traffic upd", len(p.secret))
	if err != nil {
		return nil, err
	}
	return p.protect13(secret)
}

// protect12 returns the protections of TLS 1.2, by the end that sends.
func (s suite) protect12(master, clientRandom, serverRandom []byte) (ends [2]*protection, err error) {
	iv := 4
	if s.chacha {
		iv = 12
	}
	block := expandMaster(s.hash, master, serverRandom, clientRandom, 2*(s.key+iv))
	ivs := block[2*s.key:]
	for i, end := range []codec.Role{codec.Client, codec.Server} {
		if ends[end], err = s.protect(block[i*s.key:(i+1)*s.key], ivs[i*iv:(i+1)*iv]); err != nil {
			return ends, err
		}
	}
	return ends, nil
}

func (s suite) protect(key, iv []byte) (*protection, error) {
	if s.chacha {
		aead, err := chacha20poly1305.New(key)
		return &protection{suite: s, aead: aead, iv: iv}, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &protection{suite: s, aead: aead, iv: iv}, err
}

// open decrypts the body of a record in place, and returns it with its type. If that
// fails, the record does not count.
func (p *protection) open(header, body []byte) (content []byte, kind byte, err error) {
	var nonce [12]byte
	copy(nonce[:], p.iv)
	if len(p.iv) == 4 { // the rest is in the record (RFC 5288 §3)
		if len(body) < 8 {
			return nil, 0, errShortRecord
		}
		copy(nonce[4:], body)
		body = body[8:]
	} else {
		binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^p.record)
	}
	extra := header
	if p.secret == nil {
		if len(body) < p.aead.Overhead() {
			return nil, 0, errShortRecord
		}
		extra = binary.BigEndian.AppendUint64(nil, p.record)
		extra = append(extra, header[:3]...)
		extra = binary.BigEndian.AppendUint16(extra, uint16(len(body)-p.aead.Overhead()))
	}
	content, err = p.aead.Open(nil, nonce[:], body, extra)
	if err != nil {
		return nil, 0, fmt.Errorf("record %d does not decrypt with the secret in the key log", p.record)
	}
	p.record++
	if p.secret == nil {
		return content, header[0], nil
	}
	for len(content) > 0 && content[len(content)-1] == 0 { // padding (RFC 8446 §5.4)
		content = content[:len(content)-1]
	}
	if len(content) == 0 {
		return nil, 0, errShortRecord
	}
	return content[:len(content)-1], content[len(content)-1], nil
}

var errShortRecord = errors.New("a record is too short")
