package natsbroker

import (
	"strings"
	"sync"
)

// interest is the set of patterns that the hub has subscribed to, with those that changed
// since the last call of changes. It is safe for concurrent use.
type interest struct {
	mu      sync.RWMutex
	exact   map[string]struct{}
	below   map[string]struct{} // "a" for "a.*", "" for "*"
	changed []string
	listed  map[string]struct{} // the patterns in changed
	ready   chan struct{}       // has a token after a change
}

// change is a pattern that was subscribed to or unsubscribed from.
type change struct {
	pattern string
	wanted  bool
}

func (i *interest) init() {
	i.exact = make(map[string]struct{})
	i.below = make(map[string]struct{})
	i.listed = make(map[string]struct{})
	i.ready = make(chan struct{}, 1)
}

// place returns the set for a pattern, and the key in that set.
func (i *interest) place(pattern string) (set map[string]struct{}, name string) {
	if pattern == "*" {
		return i.below, ""
	}
	if above, ok := strings.CutSuffix(pattern, ".*"); ok {
		return i.below, above
	}
	return i.exact, pattern
}

func (i *interest) set(pattern string, wanted bool) {
	i.mu.Lock()
	set, name := i.place(pattern)
	if wanted {
		set[name] = struct{}{}
	} else {
		delete(set, name)
	}
	if _, ok := i.listed[pattern]; !ok {
		i.listed[pattern] = struct{}{}
		i.changed = append(i.changed, pattern)
	}
	i.mu.Unlock()
	select {
	case i.ready <- struct{}{}:
	default:
	}
}

// changes returns the patterns that may have changed since the last call, in the order of
// their first change.
func (i *interest) changes() []change {
	i.mu.Lock()
	defer i.mu.Unlock()
	changes := make([]change, len(i.changed))
	for n, pattern := range i.changed {
		set, name := i.place(pattern)
		_, wanted := set[name]
		changes[n] = change{pattern, wanted}
	}
	i.changed = nil
	clear(i.listed)
	return changes
}

// match reports whether a pattern in the set matches topic.
func (i *interest) match(topic string) bool {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if _, ok := i.exact[topic]; ok {
		return true
	}
	if len(i.below) == 0 {
		return false
	}
	if _, ok := i.below[""]; ok {
		return true
	}
	for end := range len(topic) {
		if topic[end] == '.' {
			if _, ok := i.below[topic[:end]]; ok {
				return true
			}
		}
	}
	return false
}
