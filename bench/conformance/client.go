package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/zerowire/websocket"
)

// agent is the name of the client in the reports of the suite.
const agent = "zerowire"

// beClient plays all cases of a fuzzing server, and has it write its report.
func beClient(ctx context.Context, server string) error {
	server = strings.TrimSuffix(server, "/")
	count, err := caseCount(ctx, server)
	if err != nil {
		return fmt.Errorf("the number of cases: %w", err)
	}
	for i := 1; i <= count; i++ {
		c, err := dial(ctx, server+"/runCase?case="+strconv.Itoa(i)+"&agent="+url.QueryEscape(agent))
		if err != nil {
			return fmt.Errorf("case %d: %w", i, err)
		}
		c.Serve(echo) // how it ends is for the suite to judge
	}
	c, err := dial(ctx, server+"/updateReports?agent="+url.QueryEscape(agent))
	if err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	defer c.CloseNow()
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		return fmt.Errorf("the report: %w", err)
	}
	fmt.Printf("%d cases; the suite has written its report\n", count)
	return nil
}

// caseCount returns how many cases the server has. It sends the number as a text.
func caseCount(ctx context.Context, server string) (int, error) {
	c, err := dial(ctx, server+"/getCaseCount")
	if err != nil {
		return 0, err
	}
	defer c.CloseNow()
	op, p, err := c.Read(ctx)
	if err != nil {
		return 0, err
	}
	if op != websocket.OpText {
		return 0, errors.New("it is not a text")
	}
	return strconv.Atoi(string(p))
}

func dial(ctx context.Context, url string) (*websocket.Conn, error) {
	return websocket.Dial(ctx, url, &websocket.DialOptions{Options: options})
}
