package natsbroker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// duplicateTime is the time for which the stream stores the IDs of messages, to store a
// repeated message only once. The receivers detect a duplicate that is stored later, unless
// they have started in the meantime.
const duplicateTime = 2 * time.Minute

// open returns the stream, and creates it if there is none.
func (f *follower) open(ctx context.Context) (jetstream.Stream, error) {
	stream, err := f.js.Stream(ctx, f.opts.Stream.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = f.create(ctx)
	}
	if err != nil {
		return nil, err
	}
	if subjects := stream.CachedInfo().Config.Subjects; !slices.Equal(subjects, []string{f.subjects.all()}) {
		return nil, fmt.Errorf("it holds the subjects %q, and has to hold %q: set another Stream.Name", subjects, f.subjects.all())
	}
	return stream, nil
}

func (f *follower) create(ctx context.Context) (jetstream.Stream, error) {
	o := f.opts.Stream
	config := jetstream.StreamConfig{
		Name:        o.Name,
		Description: "messages between the hubs of package natsbroker",
		Subjects:    []string{f.subjects.all()},
		MaxAge:      o.MaxAge,
		MaxBytes:    o.MaxBytes,
		Replicas:    o.Replicas,
		Discard:     jetstream.DiscardOld,
		Duplicates:  min(o.MaxAge, duplicateTime),
	}
	if o.Memory {
		config.Storage = jetstream.MemoryStorage
	}
	stream, err := f.js.CreateStream(ctx, config)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another node was first
		return f.js.Stream(ctx, o.Name)
	}
	return stream, err
}

// consume creates a consumer that begins after the place. The first time, it begins at the
// end of the stream: no subscriber can have missed a message yet.
func (f *follower) consume(ctx context.Context, stream jetstream.Stream) (jetstream.Consumer, error) {
	info := stream.CachedInfo()
	config := jetstream.ConsumerConfig{
		Description:       "reads for a hub of package natsbroker",
		AckPolicy:         jetstream.AckNonePolicy,
		InactiveThreshold: consumerLife,
		MemoryStorage:     true,
		Replicas:          1,
	}
	switch {
	case !f.place.known:
		f.place = place{known: true, created: info.Created, sequence: info.State.LastSeq, stored: info.State.LastTime}
		fallthrough
	case f.same(ctx, stream):
		config.DeliverPolicy = jetstream.DeliverByStartSequencePolicy
		config.OptStartSeq = f.place.sequence + 1
	default:
		// The stream was lost and created again, or has lost its end. Its messages were
		// stored since then, or order detects them as duplicates.
		config.DeliverPolicy = jetstream.DeliverByStartTimePolicy
		config.OptStartTime = &f.place.stored
		f.place.created, f.place.sequence = info.Created, 0
	}
	return stream.CreateConsumer(ctx, config)
}

// same reports whether stream is still the stream of f.place, so that the sequence number is
// valid in it.
func (f *follower) same(ctx context.Context, stream jetstream.Stream) bool {
	info := stream.CachedInfo()
	if !info.Created.Equal(f.place.created) || info.State.LastSeq < f.place.sequence {
		return false
	}
	if f.place.sequence == 0 {
		return f.place.stored.IsZero() // it was empty
	}
	msg, err := stream.GetMsg(ctx, f.place.sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return true // the message has expired
	}
	return err == nil && msg.Time.Equal(f.place.stored)
}
