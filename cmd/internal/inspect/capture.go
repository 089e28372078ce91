package inspect

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/gopacket/gopacket/reassembly"
)

// maxBufferedPages bounds what may wait for a packet that is missing, in pages of
// about 2 KB, for each tunnel.
const maxBufferedPages = 32 << 10

// readCapture reports the WebSocket connections of a capture.
func readCapture(in *bufio.Reader, rep *report, strict bool, keys keyLog) error {
	packets, err := openCapture(in)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	conns := &connections{report: rep, strict: strict, keys: keys, byTunnel: map[string]*reassembly.Assembler{}}
	defragmenter := ip4defrag.NewIPv4Defragmenter()
	for n := 1; ; n++ {
		data, info, err := packets.ReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			rep.note("the capture ends inside packet %d: %v", n, err)
			break
		}
		link := packets.LinkType()
		if len(info.AncillaryData) > 0 {
			link, _ = info.AncillaryData[0].(layers.LinkType)
		}
		packet := gopacket.NewPacket(data, decoderOf(link), gopacket.DecodeOptions{Lazy: true, NoCopy: true})
		if err := defragment(defragmenter, packet); err != nil {
			continue // the rest of the datagram is to come, or never will
		}
		if segment, ok := innermost(packet); ok {
			conns.assemble(segment, info)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(conns.byTunnel)) {
		conns.byTunnel[name].FlushAll()
	}
	conns.summary()
	return nil
}

// captured is the context of a packet.
type captured struct {
	info gopacket.CaptureInfo
	tcp  *layers.TCP
}

// GetCaptureInfo implements reassembly.AssemblerContext.
func (c captured) GetCaptureInfo() gopacket.CaptureInfo { return c.info }

// packetReader reads one packet after the other. LinkType is what they were captured on,
// unless the AncillaryData of a packet says so.
type packetReader interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

func openCapture(in *bufio.Reader) (packetReader, error) {
	magic, err := in.Peek(len(ngMagic))
	switch {
	case err != nil:
		return nil, err
	case string(magic) == ngMagic:
		return pcapgo.NewNgReader(in, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
	}
	return pcapgo.NewReader(in)
}

// decoderOf returns what decodes the packets of a link.
func decoderOf(link layers.LinkType) gopacket.Decoder {
	switch link {
	case layers.LinkTypeIPv4:
		return layers.LayerTypeIPv4
	case layers.LinkTypeIPv6:
		return layers.LayerTypeIPv6
	}
	return link
}

var errFragment = errors.New("a fragment of a datagram that is not complete")

// defragment replaces what is behind the header of an IPv4 fragment by the whole
// datagram, once it is complete.
func defragment(d *ip4defrag.IPv4Defragmenter, packet gopacket.Packet) error {
	ip, ok := packet.NetworkLayer().(*layers.IPv4)
	if !ok || ip.Flags&layers.IPv4MoreFragments == 0 && ip.FragOffset == 0 {
		return nil
	}
	whole, err := d.DefragIPv4WithTimestamp(ip, packet.Metadata().Timestamp)
	if err != nil {
		return err
	}
	if whole == nil {
		return errFragment
	}
	builder, ok := packet.(gopacket.PacketBuilder)
	if !ok {
		return errFragment
	}
	return whole.NextLayerType().Decode(whole.Payload, builder)
}

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

// tunnel makes the connections in a tunnel, or outside of all.
type tunnel struct {
	conns *connections
	name  string
}
