// Package judge passes a request that was kept in a file through the door's own parser, gate and verifier, and
// tells its owner why it would be refused. The command line calls it; the door itself never explains
// anything to a sender.
package judge
