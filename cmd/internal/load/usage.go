package load

import "time"

// usage is CPU time.
type usage struct{ user, system time.Duration }

func (u usage) minus(v usage) usage  { return usage{u.user - v.user, u.system - v.system} }
func (u usage) total() time.Duration { return u.user + u.system }
