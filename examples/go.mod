module github.com/zerowire/websocket/examples

go 1.26.0

require github.com/zerowire/websocket v0.1.0

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/zerowire/websocket => ../
