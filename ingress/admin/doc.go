// Package admin is the second listener: the API for operators, the CLI and the console. It runs
// commands, shows events, runs, refusals and plugins, tells what happens to runs while it happens, and
// cancels, replays and drops them. Package internal/app starts it.
//
// Nothing is open: every path but /api/v3/health needs the bearer token, on loopback too, and without a
// configured token every request is refused. An address that is not loopback without a token is a fault
// at start. Requests that a browser sends for another site are refused by Host, Origin and
// Sec-Fetch-Site. Payloads are shown only when asked for.
package admin
