package hub

// directory finds the subscribers of a topic. It is guarded by Hub.mu.
type directory struct {
	exact map[string]*group // by topic
	below map[string]*group // of patterns with a wildcard, by the topic above it
}

// group is the subscribers of one pattern.
type group struct {
	size  int     // in all parts
	parts []*part // by shard; nil if the shard has no subscriber
}

// part is the subscribers of a pattern that one shard serves.
type part struct {
	size    int           // guarded by Hub.mu
	members []*membership // owned by the shard's goroutine
}

// membership is the subscription of one connection to one pattern.
type membership struct {
	*subscriber
	part  *part
	index int    // in part.members; owned by the shard's goroutine
	name  string // in the presence of the topic; "" for none
}

func newDirectory() directory {
	return directory{exact: make(map[string]*group), below: make(map[string]*group)}
}

// table returns the map that holds the group of a pattern, and its key.
func (d *directory) table(pattern string) (map[string]*group, string) {
	if prefix, wildcard := below(pattern); wildcard {
		return d.below, prefix
	}
	return d.exact, pattern
}

// add counts a subscriber to pattern. The shard with the given index serves it.
func (d *directory) add(pattern string, shard, shards int) *part {
	table, key := d.table(pattern)
	g := table[key]
	if g == nil {
		g = &group{parts: make([]*part, shards)}
		table[key] = g
	}
	if g.parts[shard] == nil {
		g.parts[shard] = &part{}
	}
	g.size++
	g.parts[shard].size++
	return g.parts[shard]
}

// remove reverts add. It reports whether the pattern has no subscriber left.
func (d *directory) remove(pattern string, shard int) (empty bool) {
	table, key := d.table(pattern)
	g := table[key]
	g.size--
	g.parts[shard].size--
	if g.size == 0 {
		delete(table, key)
	}
	return g.size == 0
}

// has reports whether pattern has a subscriber.
func (d *directory) has(pattern string) bool {
	table, key := d.table(pattern)
	return table[key] != nil
}

// match appends the groups whose patterns match topic.
func (d *directory) match(dst []*group, topic string) []*group {
	if g := d.exact[topic]; g != nil {
		dst = append(dst, g)
	}
	if len(d.below) == 0 {
		return dst
	}
	if g := d.below[""]; g != nil {
		dst = append(dst, g)
	}
	for i := range len(topic) {
		if topic[i] != '.' {
			continue
		}
		if g := d.below[topic[:i]]; g != nil {
			dst = append(dst, g)
		}
	}
	return dst
}
