package hub

import "sync"

// interest holds the patterns that the broker was asked for. It applies changes of the
// directory one pattern at a time, in any order of goroutines.
type interest struct {
	mu    sync.Mutex
	asked map[string]struct{}
}

// follow subscribes to pattern at the broker, or unsubscribes, so that the broker's
// state matches the directory.
func (i *interest) follow(h *Hub, pattern string) error {
	broker := h.options.Broker
	if broker == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	_, asked := i.asked[pattern]
	wanted := h.wants(pattern)
	switch {
	case wanted && !asked:
		if err := broker.Subscribe(pattern); err != nil {
			return err
		}
		i.asked[pattern] = struct{}{}
	case asked && !wanted:
		delete(i.asked, pattern)
		if err := broker.Unsubscribe(pattern); err != nil {
			h.options.Logger.Warn("hub: the broker did not unsubscribe", "pattern", pattern, "err", err)
		}
	}
	return nil
}

// wants reports whether pattern has a local subscriber.
func (h *Hub) wants(pattern string) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.directory.has(pattern)
}
