package wstest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreeAddr returns an address of this machine at which nobody listens, for programs
// that have to be told one. Its port is below those that systems give to clients: tests
// that connect by the thousand would take it otherwise, before the program does.
func FreeAddr(t testing.TB) string {
	t.Helper()
	const lowest, number = 10_000, 20_000
	for range 100 {
		port := lowest + rand.IntN(number)
		if ln, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			ln.Close()
			return fmt.Sprintf("127.0.0.1:%d", port)
		}
	}
	t.Fatal("no port is free")
	return ""
}
