// Package interop holds the senders' own libraries against the door. Its tests start a server, let each
// library sign requests that the server must accept, change them in ways that it must refuse, and give the
// requests of our own signer to the libraries that only verify. The libraries come from package.json and run in
// one Node.js process (main.mjs); `make node` installs them.
package interop
