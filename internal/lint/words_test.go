package lint

import "regexp"

// word is an expression that public text does not use.
type word struct {
	banned *regexp.Regexp
	except *regexp.Regexp // matches of banned that are allowed, if it is not nil
	say    string         // what to write instead
}

// words is the glossary, as far as a pattern can find what it excludes. Words that have a
// good meaning too, such as "over", "plain" or "ahead", are left to the reader.
var words = []word{
	ban(`who(so)?ever`, "caller, subscriber, sender"),
	ban(`shel(f|ves)`, "free list"),
	ban(`mend(s|ed|ing)?`, "fix"),
	ban(`spare[sd]|sparing|(to|be|can|not) spare`, "exclude, leave out, save"),
	ban(`patience`, "peer timeout"),
	ban(`(in|with) good order`, "gracefully"),
	ban(`br(eaks?|oke|oken|eaking) off`, "abort"),
	ban(`h(olds?|eld|olding) back`, "delay"),
	ban(`(goes?|leaves?|sent) with the replies to come`, "is coalesced with later replies"),
	ban(`(says?|said|saying) (its|his|their|the) last`, "drain"),
	ban(`(is|are|was|were|be|been|being) told`, "name the value that is returned or reported"),
	ban(`knows? nothing( of)?`, "does not depend on"),
	ban(`(in|for) vain`, "name the result"),
	except(ban(`l(en[dt]|ends|ending)`, "transfers ownership, must not be retained"), `Lent (returns|counts)`), // pool.Lent
	ban(`which bytes until when`, "buffer ownership"),
	ban(`(holds?|held|holding) (it|them|our)sel(f|ves) to`, "guarantees"),
	ban(`the (house|turn)`, "repository layout; read ownership"),
	except(ban(`(is|are|was|were|be|been|gets?|and) cut|cuts?( it| them)? off`, "closed immediately"), `cut (short|anywhere|at|into|in)`),
}
