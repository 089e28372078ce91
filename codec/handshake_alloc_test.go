package codec

import "testing"

// The handshake allocates nothing on the side of the server.
func TestHandshakeAllocs(t *testing.T) {
	chrome := []byte(chromeRequest)
	listed := []byte(upgrade("Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Protocol: c", "Content-Length: 0"))
	bad := []byte(upgrade("X: \x00"))
	answer := []byte(accepted("Sec-WebSocket-Protocol: chat"))
	offered := []string{"chat"}
	room := make([]byte, 0, 1024)
	var (
		r     Request
		resp  Response
		bytes int
	)
	for _, tc := range []struct {
		name string
		f    func()
	}{
		{"Parse, Check, AppendResponse", func() {
			r.Reset()
			if _, err := r.Parse(chrome); err != nil {
				t.Fatal(err)
			}
			if err := r.Check(); err != nil {
				t.Fatal(err)
			}
			if _, err := AppendResponse(room, r.Key(), "chat", "permessage-deflate"); err != nil {
				t.Fatal(err)
			}
		}},
		{"Parse byte by byte", func() {
			r.Reset()
			for i := range listed {
				r.Parse(listed[:i+1])
			}
		}},
		{"Check with sub-protocols", func() { r.Check() }},
		{"accessors", func() {
			bytes += len(r.Method()) + len(r.Target()) + len(r.Path()) + len(r.Query()) + len(r.Host()) + len(r.Key()) + len(r.Origin())
			bytes += len(r.Header("Upgrade"))
			for v := range r.Values("Sec-WebSocket-Protocol") {
				bytes += len(v)
			}
			for k, v := range r.Fields() {
				bytes += len(k) + len(v)
			}
			for p := range r.Subprotocols() {
				bytes += len(p)
			}
			if !r.IsUpgrade() {
				t.Fatal("IsUpgrade = false")
			}
		}},
		{"refusal", func() {
			r.Reset()
			_, err := r.Parse(bad)
			AppendRefusal(room, err.(Refusal))
		}},
		{"AcceptKey", func() {
			accept := AcceptKey(chrome[:24])
			bytes += int(accept[0])
		}},
		{"EncodeKey", func() {
			key := EncodeKey([16]byte{})
			bytes += int(key[0])
		}},
		{"AppendRequest without Header", func() {
			AppendRequest(room, RequestParams{Host: "a", Key: sampleNonce, Subprotocols: offered})
		}},
		{"Response", func() {
			resp.Reset()
			if _, err := resp.Parse(answer); err != nil {
				t.Fatal(err)
			}
			if err := resp.Check(sampleNonce, offered, false); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		if n := testing.AllocsPerRun(100, tc.f); n != 0 {
			t.Errorf("%s: %v allocations, want 0", tc.name, n)
		}
	}
	if bytes == 0 {
		t.Error("the accessors returned nothing")
	}
}

func BenchmarkHandshake(b *testing.B) {
	head := []byte(chromeRequest)
	room := make([]byte, 0, 1024)
	b.SetBytes(int64(len(head)))
	b.ReportAllocs()
	var r Request
	b.Run("Parse", func(b *testing.B) {
		for b.Loop() {
			r.Reset()
			r.Parse(head)
		}
	})
	b.Run("Parse+Check", func(b *testing.B) {
		for b.Loop() {
			r.Reset()
			r.Parse(head)
			r.Check()
		}
	})
	b.Run("AppendResponse", func(b *testing.B) {
		for b.Loop() {
			AppendResponse(room, r.Key(), "", "")
		}
	})
	b.Run("Parse+Check+AppendResponse", func(b *testing.B) {
		for b.Loop() {
			r.Reset()
			r.Parse(head)
			if err := r.Check(); err != nil {
				b.Fatal(err)
			}
			AppendResponse(room, r.Key(), "", "")
		}
	})
}
