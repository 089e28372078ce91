package inspect

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// packet is one of a capture.
type packet struct {
	data []byte
	info gopacket.CaptureInfo
}

// load returns the packets of a capture that was made of a real session.
func load(t *testing.T, name string) (all []packet) {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pcapgo.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			return all
		}
		all = append(all, packet{data, info})
	}
}

// carrying returns the places of the packets with a payload that one end has sent.
func carrying(t *testing.T, all []packet, server bool) (at []int) {
	t.Helper()
	for i, p := range all {
		tcp, ok := gopacket.NewPacket(p.data, layers.LinkTypeEthernet, gopacket.Default).Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			t.Fatalf("packet %d is not of TCP", i)
		}
		if len(tcp.Payload) > 0 && (tcp.SrcPort == 18080) == server {
			at = append(at, i)
		}
	}
	return at
}

// store returns a capture with these packets.
func store(t *testing.T, link layers.LinkType, all []packet) []byte {
	t.Helper()
	var out bytes.Buffer
	w := pcapgo.NewWriter(&out)
	if err := w.WriteFileHeader(1<<16, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		p.info.CaptureLength, p.info.Length = len(p.data), max(p.info.Length, len(p.data))
		if err := w.WritePacket(p.info, p.data); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// inspected returns what is printed of a file, without the times.
func inspected(t *testing.T, file []byte) (lines []string, violations int) {
	t.Helper()
	return decrypted(t, file, "")
}

// decrypted is inspected with a key log.
func decrypted(t *testing.T, file []byte, keys string) (lines []string, violations int) {
	t.Helper()
	var printed bytes.Buffer
	out := bufio.NewWriter(&printed)
	rep := newReport(out, false, 60, false)
	c := &Command{Format: "auto", Role: "auto", KeyLog: keys}
	if err := c.inspect(bytes.NewReader(file), rep); err != nil {
		t.Fatalf("inspect: %v", err)
	}
	out.Flush()
	text := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d{6} `).ReplaceAllString(printed.String(), "")
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n"), rep.violations
}

// wantLines fails unless lines are as wanted.
func wantLines(t *testing.T, call string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s\n got\n%s\nwant\n%s", call, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestCaptureOfAnyLink puts the packets of a session on links of every type.
func TestCaptureOfAnyLink(t *testing.T) {
	const ethernet = 14 // bytes of its header
	base := load(t, "chat.pcap")
	want, _ := inspected(t, store(t, layers.LinkTypeEthernet, base))
	if len(want) < 25 {
		t.Fatalf("%d lines of chat.pcap:\n%s", len(want), strings.Join(want, "\n"))
	}
	sll := make([]byte, 16)
	binary.BigEndian.PutUint16(sll[14:], 0x0800)
	sll2 := make([]byte, 20)
	binary.BigEndian.PutUint16(sll2, 0x0800)
	tests := []struct {
		name   string
		link   layers.LinkType
		header []byte
	}{
		{"NULL", layers.LinkTypeNull, []byte{2, 0, 0, 0}},
		{"NULL of a big-endian machine", layers.LinkTypeNull, []byte{0, 0, 0, 2}},
		{"LOOP", layers.LinkTypeLoop, []byte{0, 0, 0, 2}},
		{"RAW", layers.LinkTypeRaw, nil},
		{"IPV4", layers.LinkTypeIPv4, nil},
		{"SLL", layers.LinkTypeLinuxSLL, sll},
		{"SLL2", layers.LinkTypeLinuxSLL2, sll2},
		{"VLAN", layers.LinkTypeEthernet, append(slices.Clone(base[0].data[:12]), 0x81, 0, 0, 5, 0x08, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := slices.Clone(base)
			for i := range all {
				all[i].data = append(slices.Clone(tt.header), base[i].data[ethernet:]...)
			}
			got, _ := inspected(t, store(t, tt.link, all))
			wantLines(t, tt.name, got, want)
		})
	}
	t.Run("pcapng", func(t *testing.T) {
		var out bytes.Buffer
		w, err := pcapgo.NewNgWriter(&out, layers.LinkTypeEthernet)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := w.AddInterface(pcapgo.NgInterface{LinkType: layers.LinkTypeRaw, SnapLength: 1 << 16})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range base { // every second one from another interface, of another type
			if i%2 == 1 {
				p.info.InterfaceIndex, p.data = raw, p.data[ethernet:]
			}
			p.info.CaptureLength, p.info.Length = len(p.data), len(p.data)
			if err := w.WritePacket(p.info, p.data); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		got, _ := inspected(t, out.Bytes())
		wantLines(t, "pcapng", got, want)
	})
	t.Run("nanoseconds", func(t *testing.T) {
		var out bytes.Buffer
		w := pcapgo.NewWriterNanos(&out)
		w.WriteFileHeader(1<<16, layers.LinkTypeEthernet)
		for _, p := range base {
			w.WritePacket(p.info, p.data)
		}
		got, _ := inspected(t, out.Bytes())
		wantLines(t, "pcap with nanoseconds", got, want)
	})
}

// TestCaptureInTunnels has the packets of a session pass through tunnels, two at a
// time with the same addresses inside: they are two connections.
func TestCaptureInTunnels(t *testing.T) {
	const ethernet = 14 // bytes of its header
	base := load(t, "chat.pcap")
	want, _ := inspected(t, store(t, layers.LinkTypeEthernet, base))
	tests := []struct {
		name   string
		inside func(vni uint32, ip *layers.IPv4) []gopacket.SerializableLayer
		bare   bool // the tunnel takes IP packets, not frames of Ethernet
	}{
		{"VXLAN %d", func(vni uint32, ip *layers.IPv4) []gopacket.SerializableLayer {
			ip.Protocol = layers.IPProtocolUDP
			return []gopacket.SerializableLayer{&layers.UDP{SrcPort: 40000, DstPort: 4789}, &layers.VXLAN{ValidIDFlag: true, VNI: vni}}
		}, false},
		{"GRE", func(_ uint32, ip *layers.IPv4) []gopacket.SerializableLayer {
			ip.Protocol = layers.IPProtocolGRE
			return []gopacket.SerializableLayer{&layers.GRE{Protocol: layers.EthernetTypeIPv4}}
		}, true},
		{"", func(_ uint32, ip *layers.IPv4) []gopacket.SerializableLayer {
			ip.Protocol = layers.IPProtocolIPv4
			return nil
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var all []packet
			for _, p := range base {
				back := carries(p.data, 18080)
				for vni := range uint32(2) {
					ip := &layers.IPv4{Version: 4, TTL: 64, SrcIP: []byte{192, 0, 2, 1}, DstIP: []byte{198, 51, 100, 1 + byte(vni)}}
					if back {
						ip.SrcIP, ip.DstIP = ip.DstIP, ip.SrcIP
					}
					inner := p.data
					if tt.bare {
						inner = inner[ethernet:]
					}
					around := append([]gopacket.SerializableLayer{ip}, tt.inside(vni, ip)...)
					buf := gopacket.NewSerializeBuffer()
					if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, append(around, gopacket.Payload(inner))...); err != nil {
						t.Fatal(err)
					}
					info := p.info
					info.Length = 0
					all = append(all, packet{buf.Bytes(), info})
				}
			}
			got, violations := inspected(t, store(t, layers.LinkTypeIPv4, all))
			if violations != 0 {
				t.Errorf("%d violations, want none", violations)
			}
			for n := range 2 {
				label := fmt.Sprintf("#%d", n+1)
				var lines []string
				for _, line := range got {
					if strings.Contains(line, label) {
						lines = append(lines, strings.Replace(line, label, "#1", 1))
					}
				}
				wanted := slices.Clone(want)
				wanted[0] += ", in"
				if strings.Contains(tt.name, "%d") {
					wanted[0] += " " + fmt.Sprintf(tt.name, n)
				} else if tt.name != "" {
					wanted[0] += " " + tt.name
				}
				wanted[0] += fmt.Sprintf(" 192.0.2.1–198.51.100.%d", n+1)
				wantLines(t, label, lines, wanted)
			}
		})
	}
}

// carries reports whether a packet comes from a port.
func carries(data []byte, from layers.TCPPort) bool {
	tcp, ok := gopacket.NewPacket(data, layers.LinkTypeEthernet, gopacket.Default).Layer(layers.LayerTypeTCP).(*layers.TCP)
	return ok && tcp.SrcPort == from
}

// TestCaptureOfABadNetwork has packets come twice, late, or in parts, which changes
// nothing of what is seen.
func TestCaptureOfABadNetwork(t *testing.T) {
	base := load(t, "chat.pcap")
	want, _ := inspected(t, store(t, layers.LinkTypeEthernet, base))
	client := carrying(t, base, false)
	frag, ment := client[2], client[3]
	tests := []struct {
		name   string
		change func(all []packet) []packet
	}{
		{"every packet twice", func(all []packet) (twice []packet) {
			for _, p := range all {
				twice = append(twice, p, p)
			}
			return twice
		}},
		{"retransmitted much later", func(all []packet) []packet {
			return slices.Insert(all, len(all)-4, all[frag])
		}},
		{"out of order", func(all []packet) []packet {
			all[frag], all[ment] = all[ment], all[frag]
			return all
		}},
		{"out of order and twice", func(all []packet) []packet {
			return slices.Insert(all, frag, all[ment])
		}},
		{"the response before its request", func(all []packet) []packet {
			server := carrying(t, all, true)
			first := all[server[0]]
			return slices.Insert(slices.Delete(all, server[0], server[0]+1), client[0], first)
		}},
		{"cut into IP fragments", func(all []packet) []packet {
			return slices.Replace(all, client[0], client[0]+1, ipFragments(t, all[client[0]])...)
		}},
		{"IP fragments in the wrong order", func(all []packet) []packet {
			parts := ipFragments(t, all[client[0]])
			slices.Reverse(parts)
			return slices.Replace(all, client[0], client[0]+1, parts...)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, violations := inspected(t, store(t, layers.LinkTypeEthernet, tt.change(slices.Clone(base))))
			wantLines(t, tt.name, got, want)
			if violations != 0 {
				t.Errorf("%d violations, want none", violations)
			}
		})
	}
}

// ipFragments returns a packet as two fragments of an IPv4 datagram.
func ipFragments(t *testing.T, p packet) []packet {
	t.Helper()
	const ethernet, cut = 14, 64 // bytes
	ip := gopacket.NewPacket(p.data, layers.LinkTypeEthernet, gopacket.Default).NetworkLayer().(*layers.IPv4)
	part := func(flags layers.IPv4Flag, offset int, payload []byte) packet {
		header := *ip
		header.Flags, header.FragOffset = flags, uint16(offset/8)
		buf := gopacket.NewSerializeBuffer()
		if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, &header, gopacket.Payload(payload)); err != nil {
			t.Fatal(err)
		}
		info := p.info
		info.Length = 0
		return packet{append(slices.Clone(p.data[:ethernet]), buf.Bytes()...), info}
	}
	return []packet{part(layers.IPv4MoreFragments, 0, ip.Payload[:cut]), part(0, cut, ip.Payload[cut:])}
}

// TestCaptureWithGaps leaves packets out: what is known is shown, and nothing else.
func TestCaptureWithGaps(t *testing.T) {
	base := load(t, "chat.pcap")
	whole, _ := inspected(t, store(t, layers.LinkTypeEthernet, base))
	client, server := carrying(t, base, false), carrying(t, base, true)
	find := func(text string) (at int) {
		at = slices.IndexFunc(whole, func(line string) bool { return strings.Contains(line, text) })
		if at < 0 {
			t.Fatalf("no line with %q in\n%s", text, strings.Join(whole, "\n"))
		}
		return at
	}
	received := func(lines []string) []string {
		return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.Contains(line, " ← ") })
	}
	tests := []struct {
		name   string
		change func(all []packet) []packet
		want   []string
	}{
		{"a packet is missing", func(all []packet) []packet {
			return slices.Delete(all, client[3], client[3]+1)
		}, slices.Concat(
			whole[:find(`"ment"`)],
			received(whole[find(`"ment"`):]),
			[]string{"     284 #1 → INCOMPLETE: 10 bytes are missing in the capture behind byte 284"},
		)},
		{"a packet is cut short", func(all []packet) []packet {
			p := &all[server[1]] // "Hello, wi"
			p.data = p.data[:len(p.data)-2]
			return all
		}, slices.Concat(
			slices.DeleteFunc(slices.Clone(whole), func(line string) bool {
				return strings.Contains(line, " ← ") && !strings.Contains(line, " 0 #1 ← ")
			}),
			[]string{"     233 #1 ← text         FIN                   11 INCOMPLETE: 2 bytes are missing in the capture behind byte 244"},
		)},
		{"from the middle on", func(all []packet) []packet {
			return all[client[1]:]
		}, []string{
			"#1: client 127.0.0.1:38794, server 127.0.0.1:18080, from its middle on: the first packet is taken for the beginning of a frame",
			`       0 #1 → text         FIN      4f4de2ab     11 "Hello, wire"`,
			`       0 #1 ← text         FIN                   11 "Hello, wire"`,
			`      17 #1 → text                  403a4a99      4 "frag"`,
			`      27 #1 → continuation          7a511023      4 "ment"`,
			`      37 #1 → continuation          bbd0b8ed      2 "ed"`,
			`      45 #1 → continuation FIN      e4cd7ceb      0`,
			`      13 #1 ← text         FIN                   10 "fragmented"`,
			`      51 #1 → binary       FIN      7b65dde6      4 00 01 fe ff`,
			`      25 #1 ← binary       FIN                    4 00 01 fe ff`,
			`      61 #1 → ping         FIN      18aae776     12 "still there?"`,
			`      31 #1 ← pong         FIN                   12 "still there?"`,
			`      79 #1 → close        FIN      a5822edd      5 1000 normal closure "bye"`,
			`      45 #1 ← close        FIN                    5 1000 normal closure "bye"`,
		}},
		{"from the middle on, where a frame is none", func(all []packet) []packet {
			p := &all[client[2]]
			p.data = slices.Clone(p.data)
			p.data[len(p.data)-10] |= 0x30
			return all[server[1]:server[2]]
		}, []string{
			"#1: client 127.0.0.1:38794, server 127.0.0.1:18080, from its middle on: the first packet is taken for the beginning of a frame",
			`       0 #1 ← text         FIN                   11 "Hello, wire"`,
			"       0 #1 → text         RSV2 RSV3 403a4a99      4 INCOMPLETE: no frame (reserved bit set without an extension that defines it): the capture begins in the middle of this connection",
		}},
		{"from the middle of a frame on", func(all []packet) []packet {
			p := &all[client[1]]
			p.data = slices.Clone(p.data)
			p.data[len(p.data)-17] |= 0x0F
			return all[client[1]:]
		}, []string{
			"no WebSocket connection in this capture",
			"not shown: 1 that may be WebSocket; start the capture before the connection",
		}},
		{"from the server's handshake on", func(all []packet) []packet {
			return all[server[0]:]
		}, slices.Concat(
			[]string{whole[0] + ", without the client's handshake"},
			renumbered(t, whole[find("101 Switching"):], 257),
		)},
		{"to the middle of a frame", func(all []packet) []packet {
			return all[:client[1]]
		}, whole[:find(`"Hello, wire"`)]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, violations := inspected(t, store(t, layers.LinkTypeEthernet, tt.change(slices.Clone(base))))
			wantLines(t, tt.name, got, tt.want)
			if violations != 0 {
				t.Errorf("%d violations, want none", violations)
			}
		})
	}
}

// TestNoCaptureAccusesThePeer damages captures of sessions without a violation in every
// place: what is missing, late or double is never the peer's violation.
func TestNoCaptureAccusesThePeer(t *testing.T) {
	damages := []struct {
		name  string
		spoil func(all []packet, at int) []packet
	}{
		{"begins late", func(all []packet, at int) []packet { return all[at:] }},
		{"ends early", func(all []packet, at int) []packet { return all[:at] }},
		{"one is missing", func(all []packet, at int) []packet { return slices.Delete(all, at, at+1) }},
		{"two are missing", func(all []packet, at int) []packet { return slices.Delete(all, at, min(at+2, len(all))) }},
		{"one comes twice", func(all []packet, at int) []packet { return slices.Insert(all, at, all[at]) }},
		{"one comes again at the end", func(all []packet, at int) []packet { return append(all, all[at]) }},
		{"two change places", func(all []packet, at int) []packet {
			next := (at + 1) % len(all)
			all[at], all[next] = all[next], all[at]
			return all
		}},
	}
	for _, name := range []string{"chat", "deflate", "several", "keepalive", "auth401", "ooo", "vxlan-two"} {
		t.Run(name, func(t *testing.T) {
			base := load(t, name+".pcap")
			for _, d := range damages {
				for at := range base {
					file := store(t, layers.LinkTypeEthernet, d.spoil(slices.Clone(base), at))
					if got, violations := inspected(t, file); violations != 0 {
						t.Errorf("%s, packet %d: %d violations in\n%s", d.name, at, violations, strings.Join(got, "\n"))
					}
				}
			}
		})
	}
}

// TestUpgradeIsFoundLate has a capture begin behind the first exchanges on a
// connection, in every place before the opening handshake.
func TestUpgradeIsFoundLate(t *testing.T) {
	base := load(t, "keepalive.pcap")
	for at, p := range base {
		if bytes.Contains(p.data, []byte("GET /ws ")) {
			break
		}
		got, _ := inspected(t, store(t, layers.LinkTypeEthernet, base[at:]))
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasSuffix(line, `22 "on a reused connection"`) }) {
			t.Errorf("from packet %d on:\n%s\nwant the message", at, strings.Join(got, "\n"))
		}
	}
}

// renumbered returns lines with the client's offsets made less.
func renumbered(t *testing.T, lines []string, less int) (out []string) {
	t.Helper()
	for _, line := range lines {
		if strings.Contains(line, " → ") {
			offset, err := strconv.Atoi(strings.Fields(line)[0])
			if err != nil {
				t.Fatal(err)
			}
			line = fmt.Sprintf("%8d%s", offset-less, line[8:])
		}
		out = append(out, line)
	}
	return out
}

// TestCaptureEndsInsideAPacket reads a file that was not written to its end.
func TestCaptureEndsInsideAPacket(t *testing.T) {
	file, err := os.ReadFile("testdata/chat.pcap")
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := inspected(t, file)
	got, _ := inspected(t, file[:len(file)-5])
	if n := len(whole); len(got) != n+1 || !strings.HasPrefix(got[n-1], "the capture ends inside packet ") && !strings.HasPrefix(got[n], "the capture ends inside packet ") {
		t.Errorf("chat.pcap without its last bytes:\n%s\nwant the same as of all of it, and that it is cut", strings.Join(got, "\n"))
	}
}
