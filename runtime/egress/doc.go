// Package egress is the one way in which the program asks other servers over HTTP: for keys and
// certificates, for confirmations, for whatever a command or a plugin may ask in an author's name.
//
// [Client] does not trust the URL, the name server or the answer. A URL is read strictly; a name is
// resolved once, all of its addresses are judged, and the connection goes to one of those; the address is
// judged again by the dialer at the last moment before the system connects. Only public addresses pass,
// unless [Options] name a network or a host; only https, ports 80 and 443, at most three redirects on the
// same scheme, each judged anew. Credentials never follow a redirect to another origin. Nothing is taken
// from the environment, there are no cookies, and every answer, wait and number of requests has a limit.
//
// Errors are faults with a code of egress; they hold scheme, host and port, never a path, a query, a
// header or a part of the answer. The rules are explained in docs/adr/0016.
package egress
