package main

import (
	"context"
	"encoding/json"
	"errors"
)

type request struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"` // nil for a notification
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

type response struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

// rpcError is an error with a code of JSON-RPC 2.0, section 5.1.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return e.Message }

// parse returns the request in a message. The request does not refer to p.
func parse(p []byte) (request, error) {
	var req request
	err := json.Unmarshal(p, &req)
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return req, &rpcError{-32700, "parse error: " + err.Error()}
	}
	if err != nil || req.Version != "2.0" || req.Method == "" {
		return req, &rpcError{-32600, "invalid request: want an object with jsonrpc 2.0 and a method"}
	}
	return req, nil
}

// call runs the method that req names.
func call(ctx context.Context, req request) response {
	method, ok := methods[req.Method]
	if !ok {
		return refuse(req.ID, &rpcError{-32601, "method not found: " + req.Method})
	}
	result, err := method(ctx, req.Params)
	if err != nil {
		return refuse(req.ID, err)
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		return refuse(req.ID, err)
	}
	return response{Version: "2.0", ID: req.ID, Result: encoded}
}

// refuse returns the response to a request that failed with err.
func refuse(id json.RawMessage, err error) response {
	reason, ok := errors.AsType[*rpcError](err)
	if !ok {
		reason = &rpcError{-32603, "internal error: " + err.Error()}
	}
	return response{Version: "2.0", ID: id, Error: reason}
}
