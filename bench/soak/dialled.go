package main

import (
	"context"
	"errors"
	"time"

	"github.com/zerowire/websocket"
)

// dialled is a connection of our own client.
type dialled struct {
	conn *websocket.Conn
	id   uint64
	ctx  context.Context
	stop context.CancelFunc
}

// byDial exchanges messages with our own client.
func byDial(v *visit) error {
	id := lastID.Add(1)
	opts := &websocket.DialOptions{Options: websocket.Options{
		HandshakeTimeout: v.timeout,
		Compression:      &websocket.Compression{Takeover: true},
	}}
	c, err := websocket.Dial(background, "ws://"+v.g.at.Plain+v.door.target(id), opts)
	if ok, err := v.connected(err); !ok {
		return err
	}
	return v.exchangeAll(&dialled{conn: c, id: id, stop: func() {}})
}

func (d *dialled) number() uint64 { return d.id }

func (d *dialled) send(batch []message) error {
	for _, m := range batch {
		if err := d.conn.Write(d.ctx, m.op, m.payload); err != nil {
			return err
		}
	}
	return nil
}

func (d *dialled) receive() (websocket.Opcode, []byte, error) {
	op, p, err := d.conn.Read(d.ctx)
	if e, ok := errors.AsType[*websocket.CloseError](err); ok && e.Err == nil {
		return 0, nil, &closing{e.Code, e.Reason}
	}
	return op, p, err
}

// end has nothing to do: the Close frame is answered.
func (d *dialled) end(websocket.StatusCode) error { return d.conn.CloseNow() }

func (d *dialled) wait(limit time.Duration) {
	d.stop()
	d.ctx, d.stop = context.WithTimeout(background, limit)
}

func (d *dialled) abandon() {
	d.stop()
	d.conn.CloseNow()
}
