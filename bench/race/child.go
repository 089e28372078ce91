package main

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"runtime/pprof"

	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/bench/peers"
)

// The commands of the parent, one per line on standard input. Its end ends the
// child.
const (
	cmdCollect = "collect" // free what is not needed; answered with a line
	cmdPublish = "publish" // send the broadcast's payload to all connections
	cmdFill    = "fill"    // send the larger one to all connections
)

// serve is the child: it serves one peer on a free port, which it prints, and with TLS
// its certificate.
func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	name := flags.String("peer", "", "")
	utf8 := flags.Bool("utf8", false, "")
	broadcast := flags.Bool("broadcast", false, "")
	slow := flags.Bool("slow", false, "")
	deflate := flags.Int("deflate", 0, "")
	secured := flags.Bool("tls", false, "")
	profile := flags.String("profile", "", "")
	flags.Parse(args)
	peer, ok := peers.Find(*name)
	if !ok {
		return fmt.Errorf("race: there is no peer %q", *name)
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	hello := ln.Addr().String()
	if *secured {
		certificate, err := load.NewCertificate()
		if err != nil {
			return err
		}
		hello += " " + base64.StdEncoding.EncodeToString(certificate.Certificate[0])
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	publish := peer.Serve(ln, peers.Settings{CheckUTF8: *utf8, Broadcast: *broadcast, Slow: *slow, Deflate: load.Deflate(*deflate)})
	fmt.Println(hello)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case cmdCollect:
			debug.FreeOSMemory() // collects first
			fmt.Println("collected")
		case cmdPublish:
			publish(broadcastPayload)
		case cmdFill:
			publish(fillPayload)
		}
	}
	return nil
}
