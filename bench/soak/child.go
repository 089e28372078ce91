package main

import (
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"time"
)

// child is the process of the server, seen from the parent.
type child struct {
	cmd *exec.Cmd
	rpc *rpc.Client
}

// startChild starts this program again, as the server.
func startChild() (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(self, childArg)}
	c.cmd.Stderr = os.Stderr // a panic's, or the race detector's
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.rpc = rpc.NewClient(struct {
		io.Reader
		io.WriteCloser
	}{out, in})
	return c, nil
}

// call calls a method of Control, which may take limit.
func (c *child) call(method string, args, reply any, limit time.Duration) error {
	call := c.rpc.Go("Control."+method, args, reply, make(chan *rpc.Call, 1))
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-call.Done:
		if call.Error != nil {
			return fmt.Errorf("the server's %s: %w", method, call.Error)
		}
		return nil
	case <-late.C:
		return fmt.Errorf("the server's %s has not returned after %v", method, limit)
	}
}

// stop ends the child, which has so long for it.
func (c *child) stop(limit time.Duration) error {
	c.rpc.Close()
	late := time.AfterFunc(limit, func() { c.cmd.Process.Kill() })
	defer late.Stop()
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("the server's process: %w", err)
	}
	return nil
}

// isForgotten reports whether a call failed because the server was shut down.
func isForgotten(err error) bool {
	remote, ok := errors.AsType[rpc.ServerError](err)
	return ok && string(remote) == errForgotten.Error()
}
