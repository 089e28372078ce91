package hub_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		name     string
		patterns []string
		topic    string
		want     bool
	}{
		{"the topic itself", []string{"chat.a"}, "chat.a", true},
		{"a topic of one token", []string{"chat"}, "chat", true},
		{"another topic", []string{"chat.a"}, "chat.b", false},
		{"what begins alike", []string{"chat.a"}, "chat.ab", false},
		{"a topic is not what is above it", []string{"chat.a"}, "chat", false},
		{"nor what is below", []string{"chat"}, "chat.a", false},
		{"a wildcard, one level", []string{"chat.*"}, "chat.a", true},
		{"a wildcard, three levels", []string{"chat.*"}, "chat.a.b.c", true},
		{"a wildcard is not what is above it", []string{"chat.*"}, "chat", false},
		{"a wildcard and what begins alike", []string{"chat.*"}, "chatter.a", false},
		{"a longer wildcard", []string{"chat.a.*"}, "chat.a.b", true},
		{"a longer wildcard, another branch", []string{"chat.a.*"}, "chat.b.b", false},
		{"everything", []string{"*"}, "chat", true},
		{"everything, further down", []string{"*"}, "chat.a.b", true},
		{"a star within a token is a letter", []string{"a*b"}, "a*b", true},
		{"and matches no other", []string{"a*b"}, "axb", false},
		{"spaces and other scripts", []string{"räume.北 京"}, "räume.北 京", true},
		{"several patterns lead there", []string{"chat.a.b", "chat.a.*", "chat.*", "*", "other"}, "chat.a.b", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, p := newHub(t, nil), pipePeer(t)
			subscribe(t, h, p, tt.patterns...)
			subscribe(t, h, p, "end")
			publish(t, h, tt.topic, "message")
			publish(t, h, "end", "end")
			var want []string
			if tt.want {
				want = []string{"message"}
			}
			if got := p.until("end"); !slices.Equal(got, want) {
				t.Errorf("%q receives %q from topic %q, want %q", tt.patterns, got, tt.topic, want)
			}
		})
	}
}

func TestTopicsAndPatterns(t *testing.T) {
	long := strings.Repeat("a.", 127) + "b" // 255 bytes
	for _, tt := range []struct {
		name, topic    string
		topicIsOne     bool
		patternIsOne   bool
		reasonContains string
	}{
		{"one token", "a", true, true, ""},
		{"several", "a.b.c", true, true, ""},
		{"the longest", long, true, true, ""},
		{"a wildcard", "a.*", false, true, "wildcard"},
		{"all there is", "*", false, true, "wildcard"},
		{"none", "", false, false, "empty"},
		{"a dot", ".", false, false, "empty"},
		{"a dot before", ".a", false, false, "empty"},
		{"a dot behind", "a.", false, false, "empty"},
		{"two dots", "a..b", false, false, "empty"},
		{"a wildcard in front", "*.a", false, false, "wildcard"},
		{"a wildcard between", "a.*.b", false, false, "wildcard"},
		{"too long", long + "b", false, false, "longer"},
		{"not UTF-8", "a.\xff", false, false, "UTF-8"},
		{"a surrogate", "a.\xed\xa0\x80", false, false, "UTF-8"},
		{"a line break", "a.b\n", false, false, "control"},
		{"NUL", "a.\x00", false, false, "control"},
		{"a C1 control character", "a.\u0085", false, false, "control"},
		{"the hub's own", "$hub", false, false, "$"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, p := newHub(t, nil), pipePeer(t)
			for call, got := range map[string]struct {
				err error
				ok  bool
			}{
				"CheckTopic":    {hub.CheckTopic(tt.topic), tt.topicIsOne},
				"Publish":       {h.Publish(tt.topic, websocket.OpText, nil), tt.topicIsOne},
				"PublishLocal":  {h.PublishLocal(tt.topic, websocket.OpText, nil), tt.topicIsOne},
				"PublishExcept": {h.PublishExcept(tt.topic, websocket.OpText, nil, p.Conn), tt.topicIsOne},
				"Join":          {h.Join(p.Conn, tt.topic, "name"), tt.topicIsOne},
				"CheckPattern":  {hub.CheckPattern(tt.topic), tt.patternIsOne},
				"Subscribe":     {h.Subscribe(p.Conn, tt.topic), tt.patternIsOne},
			} {
				_, refused := errors.AsType[*hub.TopicError](got.err)
				if (got.err == nil) != got.ok || refused == got.ok {
					t.Errorf("%s(%q) = %v, want ok = %t", call, tt.topic, got.err, got.ok)
				}
				if got.err != nil && !strings.Contains(got.err.Error(), tt.reasonContains) {
					t.Errorf("%s(%q) = %v, want the reason to contain %q", call, tt.topic, got.err, tt.reasonContains)
				}
			}
		})
	}
}

func TestMisuse(t *testing.T) {
	h, p := newHub(t, nil), pipePeer(t)
	wantErr(t, "Publish of a Ping", h.Publish("a", 9, nil), websocket.ErrMessageType)
	wantErr(t, "Publish of text that is none", h.Publish("a", websocket.OpText, []byte{0xff}), hub.ErrText)
	wantErr(t, "Publish of the same as binary", h.Publish("a", websocket.OpBinary, []byte{0xff}), nil)
	for _, name := range []string{"", strings.Repeat("x", 256), "\xff", "a\nb"} {
		err := h.Join(p.Conn, "a", name)
		if _, ok := errors.AsType[*hub.NameError](err); !ok {
			t.Errorf("Join(%q) = %v, want a *NameError", name, err)
		}
	}
	h.Unsubscribe(p.Conn, "a") // nothing
	h.Leave(p.Conn)

	p.CloseNow()
	wantErr(t, "Subscribe of a connection that has ended", h.Subscribe(p.Conn, "a"), websocket.ErrClosed)
	wantErr(t, "Join of a connection that has ended", h.Join(p.Conn, "a", "name"), websocket.ErrClosed)

	other := pipePeer(t)
	join(t, h, other, "a", "other")
	wantErr(t, "Close", h.Close(), nil)
	wantErr(t, "a second Close", h.Close(), nil)
	wantErr(t, "Subscribe after Close", h.Subscribe(other.Conn, "a"), hub.ErrClosed)
	wantErr(t, "Publish after Close", h.Publish("a", websocket.OpText, nil), hub.ErrClosed)
	wantErr(t, "PublishLocal after Close", h.PublishLocal("a", websocket.OpText, nil), hub.ErrClosed)
	wantErr(t, "PublishExcept after Close", h.PublishExcept("a", websocket.OpText, nil, other.Conn), hub.ErrClosed)
	h.Unsubscribe(other.Conn, "a")
	h.Leave(other.Conn)
	wantMembers(t, h, "a")
	if err := other.Write(background, websocket.OpText, []byte("still open")); err != nil {
		t.Errorf("Write after the hub's Close = %v, want nil", err)
	}
	other.want("still open")
}

// TestCloseDelivers has the hub closed with messages on their way.
func TestCloseDelivers(t *testing.T) {
	h, p := newHub(t, &hub.Options{MaxPending: 1 << 20}), tcpPeer(t, 0)
	subscribe(t, h, p, "a")
	for i := range 500 {
		publish(t, h, "a", fmt.Sprint(i))
	}
	h.Close()
	for i := range 500 {
		p.want(fmt.Sprint(i))
	}
}

// TestTypes sends text and binary, small and large.
func TestTypes(t *testing.T) {
	for _, transport := range transports {
		for _, op := range []websocket.Opcode{websocket.OpText, websocket.OpBinary} {
			for _, size := range []int{0, 1, 125, 126, 512, 65535, 65536, 1 << 20} {
				t.Run(fmt.Sprint(transport.name, " ", op, " ", size), func(t *testing.T) {
					h, p := newHub(t, nil), transport.peer(t)
					subscribe(t, h, p, "a")
					want := strings.Repeat("x", size)
					p.drainOne(op, want, func() {
						if err := h.Publish("a", op, []byte(want)); err != nil {
							t.Fatal(err)
						}
					})
				})
			}
		}
	}
}

// drainOne checks that one message comes of what send does.
func (p *peer) drainOne(op websocket.Opcode, want string, send func()) {
	p.t.Helper()
	send()
	gotOp, got, err := p.client.Read(background)
	if err != nil || gotOp != op || string(got) != want {
		p.t.Fatalf("Read() = %v, %d bytes, %v; want %v, %d bytes", gotOp, len(got), err, op, len(want))
	}
}

// TestModel plays random steps against a model in which a message goes to those
// whose patterns match at that moment, but for those that are left out.
func TestModel(t *testing.T) {
	topics := []string{"a", "b", "a.a", "a.b", "a.a.a", "b.a", "a.a.b", "c.d.e.f"}
	patterns := append(slices.Clone(topics), "*", "a.*", "a.a.*", "b.*", "c.*", "c.d.*", "d.*")
	matches := func(pattern, topic string) bool {
		prefix, wildcard := strings.CutSuffix(pattern, "*")
		return pattern == topic || wildcard && strings.HasPrefix(topic, prefix) && len(topic) > len(prefix)
	}
	for _, transport := range transports {
		for seed := range uint64(6) {
			t.Run(fmt.Sprint(transport.name, " seed ", seed), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(seed, 1))
				h := newHub(t, &hub.Options{MaxPending: 1 << 30})
				type model struct {
					*peer
					patterns map[string]bool
					want     []string
				}
				var peers []*model
				arrive := func() {
					m := &model{transport.peer(t), map[string]bool{}, nil}
					subscribe(t, h, m.peer, fmt.Sprint("end.", len(peers)))
					peers = append(peers, m)
				}
				for range 6 {
					arrive()
				}
				for step := range 1000 {
					m := peers[r.IntN(len(peers))]
					pattern := patterns[r.IntN(len(patterns))]
					switch n := r.IntN(100); {
					case n < 20:
						subscribe(t, h, m.peer, pattern)
						m.patterns[pattern] = true
					case n < 38:
						h.Unsubscribe(m.Conn, pattern)
						delete(m.patterns, pattern)
					case n < 40 && len(peers) < 20:
						arrive()
					case n < 41:
						h.Leave(m.Conn)
						clear(m.patterns)
						subscribe(t, h, m.peer, fmt.Sprint("end.", slices.Index(peers, m)))
					default:
						topic := topics[r.IntN(len(topics))]
						message := fmt.Sprint(step, " ", topic)
						var except []*websocket.Conn
						if n < 80 {
							for range r.IntN(4) {
								except = append(except, peers[r.IntN(len(peers))].Conn)
							}
						}
						publishExcept(t, h, topic, message, except...)
						for _, m := range peers {
							if slices.Contains(except, m.Conn) {
								continue
							}
							for pattern := range m.patterns {
								if matches(pattern, topic) {
									m.want = append(m.want, message)
									break
								}
							}
						}
					}
				}
				for _, m := range peers {
					h.Unsubscribe(m.Conn, "*")
				}
				for i, m := range peers {
					publish(t, h, fmt.Sprint("end.", i), "end")
					if got := m.until("end"); !slices.Equal(got, m.want) {
						t.Errorf("peer %d receives %d messages, want %d; the first difference is at %d",
							i, len(got), len(m.want), firstDifference(got, m.want))
					}
				}
			})
		}
	}
}

func firstDifference(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
