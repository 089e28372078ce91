package inspect

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"strings"

	"golang.org/x/crypto/cryptobyte"

	"github.com/zerowire/websocket/codec"
)

// decryption decrypts a connection over TLS with the secrets of a key log. It trusts
// the ends: signatures and the Finished messages are not checked.
type decryption struct {
	keys          keyLog
	ends          [2]tlsEnd // by role
	client        []byte    // random; nil before the ClientHello
	server        []byte    // random; nil before the ServerHello
	suite         suite
	tls13         bool
	secondSecrets [2]*protection // that follow: TLS 1.3, behind Finished; TLS 1.2, behind ChangeCipherSpec
}

// tlsEnd is what one end has sent.
type tlsEnd struct {
	bytes     []byte      // not read yet
	messages  []byte      // of the handshake, not read yet
	open      *protection // nil before there is one
	protected bool        // its handshake is over
}

// The types of records and handshake messages that matter.
const (
	recordChange    = 20
	recordHandshake = 22
	recordData      = 23

	helloClient = 1
	helloServer = 2
	finished    = 20
	keyUpdate   = 24
)

// helloRetry is the random of a ServerHello that asks for another ClientHello
// (RFC 8446 §4.1.3): the SHA-256 of "HelloRetryRequest".
var helloRetry = []byte("\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C")

// write takes the next bytes of an end, and calls emit with the data that it now can
// decrypt, of both ends.
func (d *decryption) write(from codec.Role, p []byte, emit func(from codec.Role, data []byte)) error {
	d.ends[from].bytes = append(d.ends[from].bytes, p...)
	for _, end := range []codec.Role{from, from.Peer(), from} { // what one sends may be what the other waits for
		for d.complete(end) {
			e := &d.ends[end]
			n := 5 + int(binary.BigEndian.Uint16(e.bytes[3:]))
			record := e.bytes[:n]
			e.bytes = e.bytes[n:]
			data, err := d.read(end, record[:5], record[5:])
			if err != nil {
				return err
			}
			if len(data) > 0 {
				emit(end, data)
			}
		}
	}
	return nil
}

// complete reports whether a record of an end is there, and can be read: what is
// encrypted waits for the ServerHello.
func (d *decryption) complete(end codec.Role) bool {
	e := &d.ends[end]
	if len(e.bytes) < 5 || len(e.bytes) < 5+int(binary.BigEndian.Uint16(e.bytes[3:])) {
		return false
	}
	switch {
	case d.server != nil:
		return true
	case end == codec.Client:
		return e.bytes[0] == recordHandshake
	}
	return d.client != nil
}

// read reads a record, and returns the data in it.
func (d *decryption) read(end codec.Role, header, body []byte) ([]byte, error) {
	e := &d.ends[end]
	kind := header[0]
	if e.open != nil && (!d.tls13 || kind == recordData) {
		content, inner, err := e.open.open(header, body)
		if err != nil && d.tls13 && end == codec.Client && !e.protected {
			return nil, nil // early data, under a secret of its own
		}
		if err != nil {
			return nil, err
		}
		body, kind = content, inner
	} else if kind == recordChange && !d.tls13 {
		e.open = d.secondSecrets[end]
	}
	switch kind {
	case recordData:
		return body, nil
	case recordHandshake:
		if d.tls13 || e.open == nil {
			return nil, d.handshake(end, body)
		}
	}
	return nil, nil
}

// handshake reads a part of the handshake.
func (d *decryption) handshake(end codec.Role, p []byte) error {
	e := &d.ends[end]
	e.messages = append(e.messages, p...)
	for {
		s := cryptobyte.String(e.messages)
		var kind uint8
		var message cryptobyte.String
		if !s.ReadUint8(&kind) || !s.ReadUint24LengthPrefixed(&message) {
			return nil
		}
		e.messages = s
		if err := d.message(end, kind, message); err != nil {
			return err
		}
	}
}

// message reads a message of the handshake.
func (d *decryption) message(end codec.Role, kind uint8, message cryptobyte.String) (err error) {
	e := &d.ends[end]
	switch {
	case kind == helloClient && d.client == nil:
		if !message.Skip(2) || !message.ReadBytes(&d.client, 32) {
			return fmt.Errorf("the ClientHello is too short")
		}
	case kind == helloServer && d.server == nil:
		return d.serverHello(message)
	case kind == finished && d.tls13 && !e.protected:
		e.open, e.protected = d.secondSecrets[end], true
	case kind == keyUpdate && d.tls13 && e.protected:
		e.open, err = e.open.next()
	}
	return err
}

// serverHello takes the protections that the server has chosen.
func (d *decryption) serverHello(message cryptobyte.String) error {
	var random []byte
	var session, extensions cryptobyte.String
	var id uint16
	if !message.Skip(2) || !message.ReadBytes(&random, 32) || !message.ReadUint8LengthPrefixed(&session) || !message.ReadUint16(&id) || !message.Skip(1) {
		return fmt.Errorf("the ServerHello is too short")
	}
	if bytes.Equal(random, helloRetry) {
		return nil
	}
	for message.ReadUint16LengthPrefixed(&extensions); !extensions.Empty(); {
		var extension, version uint16
		var content cryptobyte.String
		if !extensions.ReadUint16(&extension) || !extensions.ReadUint16LengthPrefixed(&content) {
			return fmt.Errorf("the ServerHello is broken")
		}
		if extension == 43 && content.ReadUint16(&version) {
			d.tls13 = version == 0x0304
		}
	}
	var known bool
	if d.suite, known = suites[id]; !known {
		return fmt.Errorf("the cipher suite %#04x is not read", id)
	}
	d.server = random
	if !d.tls13 {
		master, err := d.keys.secret("CLIENT_RANDOM", d.client)
		if err != nil {
			return err
		}
		d.secondSecrets, err = d.suite.protect12(master, d.client, d.server)
		return err
	}
	for end, name := range [2]string{codec.Client: "CLIENT", codec.Server: "SERVER"} {
		for label, p := range map[string]**protection{"_HANDSHAKE_TRAFFIC_SECRET": &d.ends[end].open, "_TRAFFIC_SECRET_0": &d.secondSecrets[end]} {
			secret, err := d.keys.secret(name+label, d.client)
			if err != nil {
				return err
			}
			if *p, err = d.suite.protect13(secret); err != nil {
				return err
			}
		}
	}
	return nil
}

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
