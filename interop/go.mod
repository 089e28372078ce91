module github.com/zerowire/websocket/interop

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/eclipse/paho.mqtt.golang v1.5.1
	github.com/gobwas/ws v1.5.0
	github.com/gorilla/websocket v1.5.3
	github.com/hashicorp/yamux v0.1.2
	github.com/lxzan/gws v1.9.1
	github.com/mochi-mqtt/server/v2 v2.7.9
	github.com/zerowire/websocket v0.1.0
	github.com/zerowire/websocket/gorilla v0.1.0
	github.com/zerowire/websocket/h2 v0.1.0
	golang.org/x/mod v0.43.0
	golang.org/x/net v0.62.0
)

require (
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/rs/xid v1.4.0 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

replace github.com/zerowire/websocket => ../

replace github.com/zerowire/websocket/h2 => ../h2

replace github.com/zerowire/websocket/gorilla => ../gorilla
