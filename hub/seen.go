package hub

// seen stores the number of the last message of each origin and topic, to drop duplicates.
// Its memory is bounded: it evicts the entries that were unused for longest. This is
// sufficient, because duplicates arrive soon after the first copy.
type seen struct {
	young, old map[seenKey]uint64
}

type seenKey struct {
	origin uint64
	topic  uint64 // hash of the topic
}

// keepSeen is the maximum number of young entries, and of old ones.
const keepSeen = 1024

// isNew reports whether number is above the last one of key, and stores it if so.
func (s *seen) isNew(key seenKey, number uint64) bool {
	last, ok := s.young[key]
	if !ok {
		last = s.old[key]
	}
	if number <= last {
		return false
	}
	if s.young == nil || !ok && len(s.young) >= keepSeen {
		s.old, s.young = s.young, make(map[seenKey]uint64)
	}
	s.young[key] = number
	return true
}
