// Command soak lets a server of ours run for minutes with everything at once:
// honest clients of many kinds, of whom every echo is compared byte for byte;
// hostile ones that break every rule; and shutdowns with all of them connected. At
// the end nothing may be lost, every fault has to be answered as documented, and what
// the server held has to be back.
//
//	go run ./bench/soak
//	go run ./bench/soak -duration 1h -seed 42 -json soak.json
//	go run -tags poison ./bench/soak -v
//	go run -race ./bench/soak
//
// The server is a child process, so that goroutines, memory and descriptors are
// its own. Server and clients have nothing in common but the numbers of RFC 6455: the
// clients write and read frames with what the conformance suite has (package wstest),
// except for one kind that uses Dial.
package main
