package inspect

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"
)

// segment is the TCP segment that a packet carries, inside of all tunnels.
type segment struct {
	tcp     *layers.TCP
	network gopacket.Flow // the innermost addresses
	tunnel  string        // the addresses around them, and the network in an overlay; the same in both directions
}

// innermost returns the innermost segment of a packet.
func innermost(packet gopacket.Packet) (s segment, ok bool) {
	var network gopacket.NetworkLayer
	for _, layer := range packet.Layers() {
		switch l := layer.(type) {
		case *layers.VXLAN:
			s.tunnel += fmt.Sprintf(" VXLAN %d", l.VNI)
		case *layers.Geneve:
			s.tunnel += fmt.Sprintf(" Geneve %d", l.VNI)
		case *layers.GRE:
			s.tunnel += " GRE"
		case *layers.TCP:
			s.tcp = l
		case gopacket.NetworkLayer:
			if network != nil {
				s.tunnel += " " + pair(network.NetworkFlow())
			}
			network, s.tcp = l, nil
		}
	}
	if s.tcp == nil || network == nil {
		return s, false
	}
	s.network = network.NetworkFlow()
	return s, true
}

// pair names the two ends of a flow, in the same order for both directions.
func pair(f gopacket.Flow) string {
	a, b := f.Endpoints()
	if b.LessThan(a) {
		a, b = b, a
	}
	return fmt.Sprintf("%s–%s", a, b)
}

// assemble hands a segment to the connection that it belongs to. Connections with the same
// addresses in different tunnels are different ones.
func (cs *connections) assemble(s segment, info gopacket.CaptureInfo) {
	assembler := cs.byTunnel[s.tunnel]
	if assembler == nil {
		assembler = reassembly.NewAssembler(reassembly.NewStreamPool(&tunnel{cs, s.tunnel}))
		assembler.MaxBufferedPagesTotal = maxBufferedPages
		cs.byTunnel[s.tunnel] = assembler
	}
	assembler.AssembleWithContext(s.network, s.tcp, captured{info, s.tcp})
}

// flush ends all connections.
func (cs *connections) flush() {
	for _, name := range slices.Sorted(maps.Keys(cs.byTunnel)) {
		cs.byTunnel[name].FlushAll()
	}
}

// tunnel makes the connections in a tunnel, or outside of all.
type tunnel struct {
	conns *connections
	name  string
}

// New implements reassembly.StreamFactory. It is called with a connection's first
// packet.
func (t *tunnel) New(network, transport gopacket.Flow, tcp *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	return t.conns.begin(t.name, network, transport, tcp)
}
