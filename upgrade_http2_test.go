package websocket_test

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// TestHTTP2IsNotAnnounced reads the SETTINGS of a net/http server that serves this library. They
// must not announce extended CONNECT (RFC 8441 §3), unless the program has enabled it.
func TestHTTP2IsNotAnnounced(t *testing.T) {
	const settings, enableConnectProtocol = 4, 8
	s := httptest.NewUnstartedServer(&websocket.Server{Handler: forms["events"]})
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	conn.Write([]byte{0, 0, 0, settings, 0, 0, 0, 0, 0})
	header := make([]byte, 9)
	if _, err := io.ReadFull(conn, header); err != nil || header[3] != settings {
		t.Fatalf("first frame: header % x, %v, want SETTINGS", header, err)
	}
	payload := make([]byte, binary.BigEndian.Uint32(append([]byte{0}, header[:3]...)))
	if _, err := io.ReadFull(conn, payload); err != nil || len(payload) == 0 {
		t.Fatalf("SETTINGS: % x, %v", payload, err)
	}
	for s := range slices.Chunk(payload, 6) {
		if id := binary.BigEndian.Uint16(s); id == enableConnectProtocol {
			t.Errorf("SETTINGS_ENABLE_CONNECT_PROTOCOL is announced as %d", binary.BigEndian.Uint32(s[2:]))
		}
	}
}
