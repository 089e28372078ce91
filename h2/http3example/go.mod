module github.com/zerowire/websocket/h2/http3example

go 1.26.0

require (
	github.com/quic-go/quic-go v0.65.0
	github.com/zerowire/websocket v0.1.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/quic-go/qpack v0.6.0 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/crypto v0.54.0 // indirect
	golang.org/x/net v0.56.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.40.0 // indirect
)

replace github.com/zerowire/websocket => ../../
