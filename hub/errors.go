package hub

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed reports a call of a method after [Hub.Close].
	ErrClosed = errors.New("hub: closed")

	// ErrText reports a message of type OpText that is not valid UTF-8. Receivers would
	// close their connections because of it. Publish such data as OpBinary.
	ErrText = errors.New("hub: a message of type OpText has to be UTF-8")
)

// TopicError reports an invalid topic or pattern. The call had no effect.
type TopicError struct {
	Topic  string // as it was given
	Reason string // why it is not valid
}

// Error returns the topic and the reason.
func (e *TopicError) Error() string { return fmt.Sprintf("hub: topic %q: %s", e.Topic, e.Reason) }

// NameError reports an invalid name of a member. The call had no effect.
type NameError struct {
	Name   string // as it was given
	Reason string // why it is not valid
}

// Error returns the name and the reason.
func (e *NameError) Error() string { return fmt.Sprintf("hub: name %q: %s", e.Name, e.Reason) }

// BrokerError reports an error of the broker. After [Hub.Publish] the subscribers of
// this node still receive the message, and those of other nodes do not. After
// [Hub.Subscribe] and [Hub.Join] nothing was subscribed.
type BrokerError struct {
	Err error // the broker's error
}

// Error returns the text of the broker's error.
func (e *BrokerError) Error() string { return "hub: broker: " + e.Err.Error() }

// Unwrap returns the broker's error.
func (e *BrokerError) Unwrap() error { return e.Err }
