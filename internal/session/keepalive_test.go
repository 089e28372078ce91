package session

import (
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

func (v Verdict) String() string { return [...]string{"Wait", "SendPing", "PeerLost", "TooIdle"}[v] }

func TestKeepalive(t *testing.T) {
	const s = time.Second
	usual := Limits{PingInterval: 30 * s, PongTimeout: 30 * s}
	type step struct {
		at    time.Duration
		heard bool          // bytes were received
		took  bool          // the peer took bytes of what is sent
		spoke bool          // a message was received
		want  Verdict       // of Check, behind that
		due   time.Duration // of Due, behind that; 0 for never
	}
	for _, test := range []struct {
		name   string
		limits Limits
		steps  []step
	}{
		{"a silent peer is lost in a minute", usual, []step{
			{at: 0, want: Wait, due: 30 * s},
			{at: 30*s - 1, want: Wait, due: 30 * s},
			{at: 30 * s, want: SendPing, due: 60 * s},
			{at: 60*s - 1, want: Wait, due: 60 * s},
			{at: 60 * s, want: PeerLost, due: 60 * s},
		}},
		{"any byte answers the Ping", usual, []step{
			{at: 30 * s, want: SendPing, due: 60 * s},
			{at: 59 * s, heard: true, want: Wait, due: 89 * s},
			{at: 60 * s, want: Wait, due: 89 * s},
			{at: 89 * s, want: SendPing, due: 119 * s},
			{at: 119 * s, want: PeerLost, due: 119 * s},
		}},
		{"so does taking what is sent", usual, []step{
			{at: 30 * s, want: SendPing, due: 60 * s},
			{at: 59 * s, took: true, want: Wait, due: 89 * s},
			{at: 88 * s, took: true, want: Wait, due: 118 * s},
			{at: 118 * s, want: SendPing, due: 148 * s},
			{at: 148 * s, want: PeerLost, due: 148 * s},
		}},
		{"bytes put the Ping off", usual, []step{
			{at: 20 * s, heard: true, want: Wait, due: 50 * s},
			{at: 30 * s, want: Wait, due: 50 * s},
			{at: 50 * s, want: SendPing, due: 80 * s},
		}},
		{"a check that comes late asks for a Ping first", usual, []step{
			{at: time.Hour, want: SendPing, due: time.Hour + 30*s},
			{at: time.Hour + 30*s, want: PeerLost, due: time.Hour + 30*s},
		}},
		{"without PongTimeout it only pings", Limits{PingInterval: 30 * s}, []step{
			{at: 30 * s, want: SendPing, due: 60 * s},
			{at: 60 * s, want: SendPing, due: 90 * s},
			{at: 90 * s, want: SendPing, due: 120 * s},
		}},
		{"without PingInterval it does nothing", Limits{PongTimeout: s}, []step{
			{at: 24 * time.Hour, want: Wait, due: 0},
		}},
		{"idle in spite of Pongs", Limits{PingInterval: 30 * s, PongTimeout: 30 * s, IdleTimeout: 75 * s}, []step{
			{at: 30 * s, want: SendPing, due: 60 * s},
			{at: 31 * s, heard: true, want: Wait, due: 61 * s},
			{at: 61 * s, want: SendPing, due: 75 * s},
			{at: 62 * s, heard: true, want: Wait, due: 75 * s},
			{at: 75 * s, want: TooIdle, due: 75 * s},
		}},
		{"a message puts the idle limit off", Limits{IdleTimeout: 75 * s}, []step{
			{at: 74 * s, heard: true, spoke: true, want: Wait, due: 149 * s},
			{at: 75 * s, want: Wait, due: 149 * s},
			{at: 149 * s, want: TooIdle, due: 149 * s},
		}},
		{"no limits", Limits{}, []step{{at: 24 * time.Hour, want: Wait, due: 0}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := Keepalive{Heard: start, Message: start}
			for _, step := range test.steps {
				now := at(step.at)
				if step.heard {
					k.Heard = now
				}
				if step.took {
					k.Took(now)
				}
				if step.spoke {
					k.Message = now
				}
				if got := k.Check(now, test.limits); got != step.want {
					t.Fatalf("Check() at %v = %v, want %v", step.at, got, step.want)
				}
				want := instant.Never
				if step.due != 0 {
					want = at(step.due)
				}
				if got := k.Due(test.limits); got != want {
					t.Fatalf("Due() at %v = %v, want %v", step.at, got.Since(start), want.Since(start))
				}
			}
		})
	}
}

// TestKeepaliveTookIsNotTurnedBack: a sign of life that is noted late does not undo a
// later one.
func TestKeepaliveTookIsNotTurnedBack(t *testing.T) {
	k := Keepalive{Heard: at(time.Minute)}
	if k.Took(start); k.Heard != at(time.Minute) {
		t.Errorf("Heard = %v, want a minute", k.Heard.Since(start))
	}
}
