package wstest

import "testing"

func TestHostilesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Hostiles() {
		name := c.Group + ": " + c.Name
		if c.Name == "" || seen[name] {
			t.Errorf("case %q has no name, or one that is there twice", name)
		}
		seen[name] = true
		if len(c.Answers) == 0 {
			t.Errorf("case %q: nothing is sent", name)
		}
		if c.Want.Fails() == (c.Want.Code != 0) {
			t.Errorf("case %q: want that Dial fails, or the code of the end, and not both", name)
		}
		if c.Want.Violation != nil && c.Want.Code < 1000 {
			t.Errorf("case %q: want %v without a code", name, c.Want.Violation)
		}
	}
	for group, least := range map[string]int{"handshake": 80, "redirects": 45, "extensions": 35, "frames": 30, "closing": 40, "resources": 25} {
		if n := len(Hostiles(group)); n < least {
			t.Errorf("Hostiles(%q) has %d cases, want %d or more", group, n, least)
		}
	}
	if n := len(Hostiles("frames", "closing")); n != len(Hostiles("frames"))+len(Hostiles("closing")) {
		t.Errorf("Hostiles of two groups has %d cases", n)
	}
}
