package natsbroker

import "sync"

// refusals are the server's errors about subjects without permission to publish. The server
// does not answer such a message, but reports an error of the connection.
type refusals struct {
	mu    sync.Mutex
	of    map[string][]error // by subject, one for each message
	added chan struct{}      // has a token when there is a new error
}

func (r *refusals) init() {
	r.of = make(map[string][]error)
	r.added = make(chan struct{}, 1)
}

func (r *refusals) add(subject string, err error) {
	r.mu.Lock()
	r.of[subject] = append(r.of[subject], err)
	r.mu.Unlock()
	select {
	case r.added <- struct{}{}:
	default:
	}
}

// take removes and returns the error for one message, or nil if there is none.
func (r *refusals) take(subject string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	errs := r.of[subject]
	switch len(errs) {
	case 0:
		return nil
	case 1:
		delete(r.of, subject)
	default:
		r.of[subject] = errs[1:]
	}
	return errs[0]
}
