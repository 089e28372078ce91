// Package relay is `zerowire proxy` and `zerowire replay`: it passes WebSocket
// connections on, frame by frame and as they are, shows and records what passes,
// and sends a recording again.
package relay
