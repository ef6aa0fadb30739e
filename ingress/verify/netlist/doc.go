// Package netlist holds sets of IP addresses and finds the address of a caller behind proxies.
//
// A [List] is read from addresses and networks. [Lists] are named ones, such as the addresses a provider
// sends from: text files in lists, which age, and which an operator's own files of the same name replace.
// [Client] walks X-Forwarded-For from the right and stops at the first hop that nobody vouches for. The
// door, the preset ip-allow-list and the preset mtls use it; nothing here does I/O at run time.
package netlist
