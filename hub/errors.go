package hub

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed reports the use of a hub after Close.
	ErrClosed = errors.New("hub: closed")

	// ErrText reports a message of type OpText that is not UTF-8: its receivers
	// would close their connections over it. Publish it as OpBinary.
	ErrText = errors.New("hub: a message of type OpText has to be UTF-8")
)

// TopicError says what is wrong with a topic or a pattern. Nothing was done.
type TopicError struct {
	Topic  string // as it was given
	Reason string // what a topic is not
}

// Error names the topic and what is wrong with it.
func (e *TopicError) Error() string { return fmt.Sprintf("hub: topic %q: %s", e.Topic, e.Reason) }

// NameError says what is wrong with the name of a member. Nothing was done.
type NameError struct {
	Name   string // as it was given
	Reason string
}

// Error names the name and what is wrong with it.
func (e *NameError) Error() string { return fmt.Sprintf("hub: name %q: %s", e.Name, e.Reason) }

// BrokerError says that a broker failed. After Publish the subscribers of this
// node get the message nevertheless, and those of other nodes do not; after
// Subscribe and Join nothing was subscribed.
type BrokerError struct {
	Err error // what the broker returned
}

// Error tells what the broker returned.
func (e *BrokerError) Error() string { return "hub: broker: " + e.Err.Error() }

// Unwrap returns what the broker returned.
func (e *BrokerError) Unwrap() error { return e.Err }
