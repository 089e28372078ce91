// Package deploy tests the configurations in docs/deploy: they are given, as
// they stand but for ports and paths, to nginx, HAProxy and Caddy, with `zerowire
// serve` behind them.
package deploy
