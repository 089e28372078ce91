package testkit

import "time"

// Patience is how long a test waits for an event that has to come. It limits how long a
// fault holds a test up, and proves nothing about time: a machine that stands still for
// some seconds must not use it up.
const Patience = 30 * time.Second
