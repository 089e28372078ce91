// Command authcookie is an echo server for the users of a website. A page signs in with a
// form, and the browser then sends the session's cookie with the opening handshake. Signing
// out closes the WebSocket connections of the session.
//
// Browsers send cookies with a WebSocket that any other website opens, too. So the check of
// the Origin is what protects a server with cookies: do not switch it off. It is on by
// default, for pages of the server's own host.
//
//	go run ./examples/authcookie -user ann -password secret
//	curl -i -d 'user=ann&password=secret' http://127.0.0.1:8000/login
//	zerowire connect -H 'Cookie: session=…' ws://127.0.0.1:8000/ws
package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"flag"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/zerowire/websocket"
)

// statusUnauthorized is the close code for a session that has ended, registered with IANA.
const statusUnauthorized websocket.StatusCode = 3000

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	user := flag.String("user", "", "name of the only user")
	password := flag.String("password", "", "password of the user")
	flag.Parse()
	if *user == "" || *password == "" {
		log.Fatal("authcookie: no user: use -user and -password")
	}
	web := &http.Server{Addr: *addr, Handler: newSite(map[string]string{*user: *password}), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(web.ListenAndServe())
}

// site has the sessions of the users who have signed in.
type site struct {
	passwords map[string]string // a real site keeps slow hashes, of package bcrypt for example

	mu       sync.Mutex
	sessions map[string]*session // by the value of the cookie
}

// session is one sign-in of a user.
type session struct {
	user  string
	conns map[*websocket.Conn]bool
}

// newSite returns a website for the users, with their passwords by name.
func newSite(passwords map[string]string) http.Handler {
	s := &site{passwords: passwords, sessions: map[string]*session{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	mux.HandleFunc("/ws", s.serve)
	return http.NewCrossOriginProtection().Handler(mux) // for the two forms; Upgrade has its own check
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	user := r.FormValue("user")
	want, ok := s.passwords[user]
	if subtle.ConstantTimeCompare([]byte(r.FormValue("password")), []byte(want)) != 1 || !ok {
		http.Error(w, "wrong name or password", http.StatusForbidden)
		return
	}
	token := rand.Text()
	s.mu.Lock()
	s.sessions[token] = &session{user: user, conns: map[*websocket.Conn]bool{}}
	s.mu.Unlock()
	// HttpOnly keeps scripts from reading the cookie; it is sent with WebSockets all the
	// same. SameSite has browsers send it to pages of the site only.
	http.SetCookie(w, &http.Cookie{Name: "session", Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

// logout ends the session, and closes its connections. Without that they would stay open:
// a cookie is checked in the opening handshake only.
func (s *site) logout(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if session := s.sessions[cookie.Value]; session != nil {
		delete(s.sessions, cookie.Value)
		for c := range session.conns {
			c.StartClose(statusUnauthorized, "signed out")
		}
	}
	http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
}

// serve upgrades a request with the cookie of a session, and echoes.
func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("session")
	if err != nil || s.find(cookie.Value) == nil {
		http.Error(w, "sign in first", http.StatusUnauthorized)
		return
	}
	c, err := websocket.Upgrade(w, r, nil)
	if err != nil {
		return // the client has received the error
	}
	defer c.CloseNow()
	session := s.enter(cookie.Value, c)
	if session == nil { // signed out in the meantime
		c.Close(statusUnauthorized, "signed out")
		return
	}
	defer s.leave(session, c)
	ctx := context.Background()
	if err := c.Write(ctx, websocket.OpText, []byte("welcome, "+session.user)); err != nil {
		return
	}
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return
		}
		c.Write(ctx, m.Opcode, m.Payload)
	}
}

// find returns the session with a token, nil if there is none.
func (s *site) find(token string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[token]
}

// enter adds a connection to the session with a token. It returns nil if the session has
// ended.
func (s *site) enter(token string, c *websocket.Conn) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.sessions[token]
	if session != nil {
		session.conns[c] = true
	}
	return session
}

// leave removes a connection that has ended.
func (s *site) leave(session *session, c *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(session.conns, c)
}
