package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

const (
	figuresSubprotocol = "figures"
	figuresInterval    = time.Second
)

// errFigures ends a connection that sends where only the server does.
var errFigures = &websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "figures are sent, and take no message"}

// showsFigures reports whether c is there only to show figures.
func showsFigures(c *websocket.Conn) bool { return c.Subprotocol() == figuresSubprotocol }

// report is the form of every message of the sub-protocol figures.
type report struct {
	figures
	RTT     float64 `json:"rtt"` // of the connection it is sent on, in milliseconds; 0 if it is not known
	Chat    crowd   `json:"chat"`
	Players crowd   `json:"players"`
}

// crowd is who is in a room, on all servers of the cluster.
type crowd struct {
	Size  int      `json:"size"`
	Names []string `json:"names"` // the first of them; those who have not spoken begin with "?"
}

// maxNames bounds how many names a report lists of a crowd.
const maxNames = 50

func crowdOf(h *hub.Hub, topic string) crowd {
	names := h.Members(topic)
	return crowd{len(names), append([]string{}, names[:min(len(names), maxNames)]...)} // not null in JSON
}

// onlooker is a connection that is sent the server's figures once a second.
type onlooker struct {
	meter *meter
	hub   *hub.Hub
	leave context.CancelFunc
}

func (o *onlooker) Open(c *websocket.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	o.leave = cancel
	go o.report(ctx, c)
}

func (o *onlooker) Message(c *websocket.Conn, _ websocket.Opcode, _ []byte) {
	_ = c.Close(errFigures.Code, errFigures.Reason)
}

func (o *onlooker) Close(*websocket.Conn, error) { o.leave() }

// report sends figures until ctx ends.
func (o *onlooker) report(ctx context.Context, c *websocket.Conn) {
	tick := time.NewTicker(figuresInterval)
	defer tick.Stop()
	for {
		message, err := json.Marshal(report{
			figures: o.meter.figures(),
			RTT:     o.roundTrip(ctx, c),
			Chat:    crowdOf(o.hub, chatTopic),
			Players: crowdOf(o.hub, playersTopic),
		})
		if err != nil || c.Write(ctx, websocket.OpText, message) != nil {
			return // the connection has ended
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// roundTrip returns how many milliseconds c takes to answer a Ping, 0 if it does
// not in time.
func (o *onlooker) roundTrip(ctx context.Context, c *websocket.Conn) float64 {
	ctx, cancel := context.WithTimeout(ctx, figuresInterval)
	defer cancel()
	rtt, err := c.Ping(ctx)
	if err != nil {
		return 0
	}
	return float64(rtt) / float64(time.Millisecond)
}
